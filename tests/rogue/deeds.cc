#include "tests/rogue/deeds.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <string>

#include "common/limits.h"

namespace tributary::rogue {
namespace {

// Far beyond the number of any assignment of a sync.
constexpr std::uint32_t kNoSuchWork = 1'000'000;
constexpr std::size_t kManyBytes = 64 * limits::kMiB;

std::string MarkText(const std::string& at) {
  Mark mark;
  mark.set_at(at);
  return mark.SerializeAsString();
}

void WriteRemark(Pen& pen, ColumnRemark::What what, std::uint32_t column) {
  Mark mark;
  mark.set_at("9999");
  ColumnRemark& remark = *mark.add_remarks();
  remark.set_what(what);
  remark.set_column(column);
  remark.set_values(1);
  pen.WriteOf(FrameType::kMark, mark.SerializeAsString());
}

void WriteEnd(Pen& pen, int outcome) {
  AssignmentEnd end;
  end.set_outcome(static_cast<AssignmentEnd::Outcome>(outcome));
  pen.WriteOf(FrameType::kEnd, end.SerializeAsString());
}

std::string_view PartBytes() {
  static const std::string bytes(limits::kMaxBatchBytes, 'x');
  return bytes;
}

[[noreturn]] void KillItself() {
  ::kill(::getpid(), SIGKILL);
  ::_exit(EXIT_FAILURE);
}

}  // namespace

const std::vector<Deed>& Deeds() {
  static const std::vector<Deed> deeds = {
    {"AnotherMagicNumber", Moment::kAmid, "without its magic number",
     [](Pen& pen) { pen.Write([](FrameHeader& header) { header.magic ^= 1; }); }},
    {"AnUnknownType", Moment::kAmid, "unknown type",
     [](Pen& pen) {
       pen.Write([](FrameHeader& header) { header.type = static_cast<FrameType>(9); });
     }},
    {"ALengthOverTheLimit", Moment::kAmid, "over the size limit",
     [](Pen& pen) { pen.Write([](FrameHeader& header) { header.payload_bytes = UINT32_MAX; }); }},
    {"ALengthBehindTheHead", Moment::kAmid, "ends after its head",
     [](Pen& pen) { pen.Write([](FrameHeader& header) { header.payload_bytes += 4096; }); }},
    {"ASkipOverTheLimit", Moment::kAmid, "over the size limit",
     [](Pen& pen) { pen.Write([](FrameHeader& header) { header.skip = UINT16_MAX; }); }},
    {"ACompactFormOverTheLimit", Moment::kAmid, "over the size limit",
     [](Pen& pen) { pen.Write([](FrameHeader& header) { header.compact_bytes = UINT32_MAX; }); }},
    {"ACompactFormOfAMark", Moment::kAmid, "over the size limit",
     [](Pen& pen) {
       pen.Write([](FrameHeader& header) {
         header.type = FrameType::kMark;
         header.compact_bytes = 1;
       });
     }},
    {"ASequenceThatStandsStill", Moment::kAmid, "out of sequence",
     [](Pen& pen) { pen.Write([](FrameHeader& header) { --header.sequence; }); }},
    {"ASequenceThatLeaps", Moment::kAmid, "out of sequence",
     [](Pen& pen) { pen.Write([](FrameHeader& header) { ++header.sequence; }); }},
    {"TooManyRecords", Moment::kAmid, "too many records",
     [](Pen& pen) {
       pen.Write([](FrameHeader& header) {
         header.records = static_cast<std::uint32_t>(limits::kMaxRecordsInBatch + 1);
       });
     }},
    {"ABatchOfNothing", Moment::kAmid, "a batch of nothing",
     [](Pen& pen) { pen.Write([](FrameHeader&) {}, ""); }},
    {"AHeadThatIsTooFar", Moment::kAmid, "where it cannot be",
     [](Pen& pen) { pen.MoveHead(2 * static_cast<std::int64_t>(limits::kRingBytes)); }},
    {"AHeadThatGoesBack", Moment::kAmid, "where it cannot be",
     [](Pen& pen) { pen.MoveHead(-static_cast<std::int64_t>(kFrameAlignment)); }},
    {"AHeadThatIsNotAligned", Moment::kAmid, "where it cannot be",
     [](Pen& pen) { pen.MoveHead(1); }},
    {"BytesThatWereNeverWritten", Moment::kAmid, "without its magic number",
     [](Pen& pen) { pen.MoveHead(64 * kFrameAlignment); }},
    {"AMarkThatDoesNotParse", Moment::kAmid, "does not parse",
     [](Pen& pen) { pen.WriteOf(FrameType::kMark, "\xff\xff\xff no mark"); }},
    {"ASliceThatIsOpenedTwice", Moment::kAmid, "opened a slice twice",
     [](Pen& pen) {
       Opened opened;
       opened.set_content("another");
       pen.WriteOf(FrameType::kOpened, opened.SerializeAsString());
     }},
    {"RowsOfASliceThatIsNotOpened", Moment::kFirst, "has not opened",
     [](Pen& pen) { pen.WriteFirst(FrameType::kBatch, Pen::Payload()); }},
    {"AnAnswerToARead", Moment::kAmid, "its work does not produce",
     [](Pen& pen) { pen.WriteOf(FrameType::kAnswer, Answer().SerializeAsString()); }},
    {"AMarkLongerThanABoundIs", Moment::kAmid, "a bound over the size limit",
     [](Pen& pen) {
       pen.WriteOf(FrameType::kMark, MarkText(std::string(limits::kMaxBoundBytes + 1, '1')));
     }},
    {"AMarkWithARemarkOfNoColumn", Moment::kAmid, "impossible remarks",
     [](Pen& pen) { WriteRemark(pen, ColumnRemark::REPAIRED_UTF8, /*column=*/3); }},
    {"AMarkWithARemarkOfNoKind", Moment::kAmid, "impossible remarks",
     [](Pen& pen) { WriteRemark(pen, static_cast<ColumnRemark::What>(77), /*column=*/0); }},
    {"AMarkAfterTheEnd", Moment::kLast, "lies outside its slice",
     [](Pen& pen) { pen.WriteOf(FrameType::kMark, MarkText("1")); }},
    {"AnEndThatDoesNotParse", Moment::kAmid, "end does not parse",
     [](Pen& pen) { pen.WriteOf(FrameType::kEnd, "\xff\xff\xff no end"); }},
    {"AnEndOfUnknownOutcome", Moment::kAmid, "end does not parse",
     [](Pen& pen) { WriteEnd(pen, 77); }},
    {"AnEndWithoutItsMark", Moment::kAmid, "without a mark at its end",
     [](Pen& pen) { WriteEnd(pen, AssignmentEnd::DONE); }},
    {"APauseThatNobodyAskedFor", Moment::kAmid, "without being asked to",
     [](Pen& pen) { WriteEnd(pen, AssignmentEnd::PAUSED); }},
    {"WorkThatItDoesNotHave", Moment::kAmid, "work that it does not have",
     [](Pen& pen) { pen.Write([](FrameHeader& header) { header.assignment += kNoSuchWork; }); }},
    {"WorkThatItHadBefore", Moment::kFirst, "work that it does not have",
     [](Pen& pen) { pen.Write([](FrameHeader& header) { header.assignment = 0; }); }},
    {"AMessageThatIsBrokenOff", Moment::kAmid, "did not finish a message",
     [](Pen& pen) {
       pen.WriteOf(FrameType::kPart, Pen::Payload());
       pen.WriteOf(FrameType::kMark, MarkText("1"));
     }},
    {"AMessageWithoutAnEnd", Moment::kAmid, "a message over the size limit",
     [](Pen& pen) {
       for (std::size_t sent = 0; sent <= limits::kMaxMessageBytes; sent += PartBytes().size()) {
         pen.WriteOf(FrameType::kPart, PartBytes());
       }
     }},
    {"WordsOnTheSocket", Moment::kAmid, "wrote on its control socket",
     [](Pen& pen) { pen.SendBytes("\xff"); }},
    {kJams, Moment::kAmid, "without its magic number",
     [](Pen& pen) {
       pen.JamBells();
       pen.Write([](FrameHeader& header) { header.magic ^= 1; });
     }},
    // Detected when the batch is restored from it; until then the worker looks correct.
    {kNoForm, Moment::kAmid, "killed by signal 9",
     [](Pen& pen) {
       pen.WriteWithForm("no compact form");
       KillItself();
     }},
    // Not malicious: workers that die at moments that a kill from outside does not hit.
    {"KilledInMidFrame", Moment::kAmid, "killed by signal 9",
     [](Pen& pen) {
       pen.WriteUnpublished();
       KillItself();
     }},
    {"KilledInMidMessage", Moment::kAmid, "killed by signal 9",
     [](Pen& pen) {
       pen.WriteOf(FrameType::kPart, Pen::Payload());
       KillItself();
     }},
    {"KilledBetweenItsLastFrameAndTheEnd", Moment::kLast, "killed by signal 9",
     [](Pen&) { KillItself(); }},
    {"ExitedInMidSlice", Moment::kAmid, "exited with 3", [](Pen&) { ::_exit(3); }},
    {"CrashedInMidSlice", Moment::kAmid, "killed by signal 6", [](Pen&) { std::abort(); }},
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    // Sanitizers map terabytes, so their workers have no such limit.
    {"MoreMemoryThanItMayHave", Moment::kAmid, "killed by signal 6",
     [](Pen&) {
       for (std::size_t had = 0; had <= 2 * limits::kWorkerAddressSpaceBytes; had += kManyBytes) {
         static_cast<volatile char*>(::operator new(kManyBytes))[0] = 1;
       }
     }},
#endif
  };
  return deeds;
}

const Deed* FindDeed(std::string_view name) {
  for (const Deed& deed : Deeds()) {
    if (deed.name == name) return &deed;
  }
  return nullptr;
}

}  // namespace tributary::rogue
