// What a rogue worker does, by name: the test says which in the configuration, the
// worker does it.
#ifndef TRIBUTARY_TESTS_ROGUE_DEEDS_H_
#define TRIBUTARY_TESTS_ROGUE_DEEDS_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "tests/rogue/pen.h"

namespace tributary::rogue {

// Of the rogue's slice.
enum class Moment {
  // Nothing has been read.
  kFirst,
  // Rows and a mark were written, as by a sound worker.
  kAmid,
  // All rows and the mark at the end; only the end frame is missing.
  kLast,
};

struct Deed {
  const char* name;
  Moment moment;
  // What the supervisor finds out; part of its log.
  const char* found;
  void (*act)(Pen& pen);
};

const std::vector<Deed>& Deeds();
// Null where none is named so.
const Deed* FindDeed(std::string_view name);

// The table that is read by a rogue, where one is about.
inline constexpr char kVictim[] = "victim";
// Keys of the configuration beside the source's own.
inline constexpr char kDeedKey[] = "deed";
// In the folder of the databases: how many more times it is to be done, of all
// workers together; a std::uint32_t.
inline constexpr char kTimesFile[] = "times";
// Further names for kDeedKey, which are no frames.
inline constexpr char kFlips[] = "HeadersChangeBehindTheCheck";
inline constexpr char kTwin[] = "CatalogNamesATableTwice";
inline constexpr char kUnasked[] = "CatalogIsUnchangedThoughNoneIsKnown";
inline constexpr char kOtherAnswer[] = "CatalogIsNone";
inline constexpr char kMisfit[] = "CutsThatDoNotFitTogether";
inline constexpr char kCatalogOfNothing[] = "CatalogOfMillionsOfEmptyTables";
inline constexpr char kCutsOfNothing[] = "CutsIntoMillionsOfEmptySlices";
inline constexpr std::size_t kManyAnswerBytes = std::size_t{64} << 20;
// A deed that takes limits::kMessageAssemblyLimit, so it is done once only.
inline constexpr char kStandsStill[] = "AMessageThatStandsStill";
// Reads its slice to the end and never says so.
inline constexpr char kMute[] = "NeverSaysThatItIsDone";
// A deed that is begun before the sandbox closes.
inline constexpr char kJams[] = "BellsThatBlock";
// A deed that the next sync's replay meets.
inline constexpr char kNoForm[] = "ACompactFormThatIsNone";
// What the worker logs of its confinement, before its deed.
inline constexpr char kConfined[] = "rogue: everything it tried was refused";

}  // namespace tributary::rogue

#endif  // TRIBUTARY_TESTS_ROGUE_DEEDS_H_
