// What a rogue worker does, by name: the test puts the name into the configuration, and the worker
// does it.
#ifndef TRIBUTARY_TESTS_ROGUE_DEEDS_H_
#define TRIBUTARY_TESTS_ROGUE_DEEDS_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "tests/rogue/pen.h"

namespace tributary::rogue {

// The moment in the rogue's slice.
enum class Moment {
  // Nothing has been read.
  kFirst,
  // Rows and a mark were written, as by a correct worker.
  kAmid,
  // All rows and the mark at the end were written; only the end frame is missing.
  kLast,
};

struct Deed {
  const char* name;
  Moment moment;
  // What the supervisor detects; part of a line in its log.
  const char* found;
  void (*act)(Pen& pen);
};

const std::vector<Deed>& Deeds();
// Null: there is no such deed.
const Deed* FindDeed(std::string_view name);

// The table that rogues read.
inline constexpr char kVictim[] = "victim";
// A key of the configuration in addition to the source's own.
inline constexpr char kDeedKey[] = "deed";
// A file in the folder of the databases: how many more times the deed is done by all workers
// together; a std::uint32_t.
inline constexpr char kTimesFile[] = "times";
// More values of kDeedKey; these deeds do more than write one wrong frame.
inline constexpr char kFlips[] = "HeadersChangeBehindTheCheck";
inline constexpr char kTwin[] = "CatalogNamesATableTwice";
inline constexpr char kUnasked[] = "CatalogIsUnchangedThoughNoneIsKnown";
inline constexpr char kOtherAnswer[] = "CatalogIsNone";
inline constexpr char kMisfit[] = "CutsThatDoNotFitTogether";
inline constexpr char kCatalogOfNothing[] = "CatalogOfMillionsOfEmptyTables";
inline constexpr char kCutsOfNothing[] = "CutsIntoMillionsOfEmptySlices";
inline constexpr std::size_t kManyAnswerBytes = std::size_t{64} << 20;
// This deed takes limits::kMessageAssemblyLimit, so it is done only once.
inline constexpr char kStandsStill[] = "AMessageThatStandsStill";
// Reads its slice to the end and does not report the end.
inline constexpr char kMute[] = "NeverSaysThatItIsDone";
// A deed that begins before the sandbox closes.
inline constexpr char kJams[] = "BellsThatBlock";
// A deed that the next sync's replay detects.
inline constexpr char kNoForm[] = "ACompactFormThatIsNone";
// The worker logs this before its deed if the sandbox refused everything that it tried.
inline constexpr char kConfined[] = "rogue: everything it tried was refused";

}  // namespace tributary::rogue

#endif  // TRIBUTARY_TESTS_ROGUE_DEEDS_H_
