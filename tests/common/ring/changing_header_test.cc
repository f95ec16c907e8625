// A worker changes a header while the supervisor reads it: the supervisor uses exactly what it
// checked, or refuses the frame.
//
// A random change would fall between two reads of one field only once in many thousands of runs. So
// each read is caught: the header's page is unreadable in the supervisor's mapping, the fault
// handler lets one instruction through, and after it the header is changed through a second
// mapping. The test repeats this with the change after each instruction in turn, so that a field
// that is read twice is read with different values in one of the runs.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "common/limits.h"
#include "supervisor/pool/ring_consumer.h"

namespace tributary {
namespace {

constexpr greg_t kSingleStep = 0x100;

// While it exists, each instruction that reads the page causes a fault; it is let through, and then
// `behind` is called with the number of such instructions until now. One object at a time; for one
// thread.
class ReadingTrap {
 public:
  ReadingTrap(void* page, std::function<void(int)> behind)
      : page_(page),
        page_bytes_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))),
        behind_(std::move(behind)) {
    current_ = this;
    segv_before_ = Handle(SIGSEGV, &ReadingTrap::LetThrough);
    trap_before_ = Handle(SIGTRAP, &ReadingTrap::Close);
    Protect(PROT_NONE);
  }
  ReadingTrap(const ReadingTrap&) = delete;
  ReadingTrap& operator=(const ReadingTrap&) = delete;
  ~ReadingTrap() {
    Protect(PROT_READ | PROT_WRITE);
    ::sigaction(SIGSEGV, &segv_before_, nullptr);
    ::sigaction(SIGTRAP, &trap_before_, nullptr);
    current_ = nullptr;
  }

  int readings() const { return readings_; }

 private:
  using Handler = void (*)(int, siginfo_t*, void*);

  static struct sigaction Handle(int signal, Handler handler) {
    struct sigaction action {};
    struct sigaction before {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(signal, &action, &before);
    return before;
  }
  static void LetThrough(int, siginfo_t* fault, void* at) {
    const auto first = reinterpret_cast<std::uintptr_t>(current_->page_);
    const auto address = reinterpret_cast<std::uintptr_t>(fault->si_addr);
    // A fault at another address is not ours: without the handler it occurs again and ends the
    // process.
    if (address < first || address - first >= current_->page_bytes_) {
      ::sigaction(SIGSEGV, &current_->segv_before_, nullptr);
      return;
    }
    current_->Protect(PROT_READ);
    static_cast<ucontext_t*>(at)->uc_mcontext.gregs[REG_EFL] |= kSingleStep;
  }
  static void Close(int, siginfo_t*, void* at) {
    static_cast<ucontext_t*>(at)->uc_mcontext.gregs[REG_EFL] &= ~kSingleStep;
    current_->behind_(++current_->readings_);
    current_->Protect(PROT_NONE);
  }
  void Protect(int rights) const { ::mprotect(page_, page_bytes_, rights); }

  static ReadingTrap* current_;

  void* const page_;
  const std::size_t page_bytes_;
  const std::function<void(int)> behind_;
  struct sigaction segv_before_ {};
  struct sigaction trap_before_ {};
  int readings_ = 0;
};

ReadingTrap* ReadingTrap::current_ = nullptr;

// What is known of a frame after it was taken and released.
struct Taken {
  FrameType type{};
  std::size_t skip = 0;
  std::size_t payload_bytes = 0;
  std::uint32_t assignment = 0;
  std::uint32_t records = 0;
  std::size_t compact_bytes = 0;
  // Where the next frame begins.
  std::uint64_t frame_bytes = 0;

  bool operator==(const Taken&) const = default;
};
// Nothing: the frame was refused.
using Outcome = std::optional<Taken>;

Outcome TakenAs(const FrameHeader& header) {
  return Taken{header.type,    header.skip,          header.payload_bytes, header.assignment,
               header.records, header.compact_bytes, header.FrameBytes()};
}

FrameHeader Sound() {
  FrameHeader header;
  header.magic = kFrameMagic;
  header.type = FrameType::kBatch;
  header.payload_bytes = 32;
  header.assignment = 1;
  header.sequence = 1;
  header.records = 1;
  return header;
}

constexpr int kNever = 0;

// What a supervisor takes from a ring whose first frame's header is changed after the read number
// `turn`. `readings`: how many reads there were.
Outcome Next(const FrameHeader& header, const FrameHeader& changed, int turn, int& readings) {
  auto memory = RingMemory::Create(limits::kRingBytes);
  auto worker = RingMemory::Attach(FileDescriptor(::dup(memory->fd())), limits::kRingBytes);
  char* const page = memory->data(0);
  const auto write = [at = worker->data(0)](const FrameHeader& one) {
    std::memcpy(at, &one, sizeof(one));
  };
  const auto consumer = std::make_shared<RingConsumer>(*std::move(memory),
                                                       FileDescriptor(::eventfd(0, EFD_NONBLOCK)));
  write(header);
  worker->control().head.store(4096);
  absl::StatusOr<std::optional<Frame>> next;
  {
    ReadingTrap trap(page, [&](int reading) {
      if (reading == turn) write(changed);
    });
    next = consumer->Next();
    readings = trap.readings();
  }
  EXPECT_TRUE(next.ok() || absl::IsInvalidArgument(next.status())) << next.status();
  if (!next.ok()) return std::nullopt;
  Frame& frame = **next;
  Taken taken{frame.type,
              static_cast<std::size_t>(frame.payload.data() - page) - sizeof(header),
              frame.payload.size(),
              frame.assignment,
              frame.records,
              frame.compact.size(),
              0};
  frame.hold.reset();
  taken.frame_bytes = worker->control().tail.load();
  return taken;
}

void ExpectOneOfThem(const FrameHeader& header, const Outcome& as_it_is, const FrameHeader& changed,
                     const Outcome& as_changed) {
  int readings = 0;
  EXPECT_TRUE(Next(header, changed, kNever, readings) == as_it_is);
  ASSERT_GT(readings, 0);
  for (int turn = 1; turn <= readings; ++turn) {
    int with_change = 0;
    const Outcome outcome = Next(header, changed, turn, with_change);
    readings = std::max(readings, with_change);
    EXPECT_TRUE(outcome == as_it_is || outcome == as_changed)
        << "changed after read " << turn << " of " << readings;
  }
}

using Change = void (*)(FrameHeader&);

// Both headers are correct.
void ExpectTheOneOrTheOther(Change change) {
  FrameHeader changed = Sound();
  change(changed);
  ExpectOneOfThem(Sound(), TakenAs(Sound()), changed, TakenAs(changed));
}

// One header is correct, the other is refused.
void ExpectTheSoundOneOrNone(Change spoil) {
  FrameHeader spoiled = Sound();
  spoil(spoiled);
  ExpectOneOfThem(Sound(), TakenAs(Sound()), spoiled, std::nullopt);
  ExpectOneOfThem(spoiled, std::nullopt, Sound(), TakenAs(Sound()));
}

TEST(ChangingHeaderTest, ALengthIsTheOneThatWasRead) {
  ExpectTheOneOrTheOther([](FrameHeader& header) { header.payload_bytes = 96; });
}
TEST(ChangingHeaderTest, ASkipIsTheOneThatWasRead) {
  ExpectTheOneOrTheOther([](FrameHeader& header) { header.skip = kFrameAlignment; });
}
TEST(ChangingHeaderTest, ACompactFormIsTheOneThatWasRead) {
  ExpectTheOneOrTheOther([](FrameHeader& header) { header.compact_bytes = 64; });
}
TEST(ChangingHeaderTest, ATypeIsTheOneThatWasRead) {
  ExpectTheOneOrTheOther([](FrameHeader& header) { header.type = FrameType::kPart; });
}

TEST(ChangingHeaderTest, ALengthIsTheOneThatWasChecked) {
  ExpectTheSoundOneOrNone([](FrameHeader& header) { header.payload_bytes = UINT32_MAX; });
}
TEST(ChangingHeaderTest, ASkipIsTheOneThatWasChecked) {
  ExpectTheSoundOneOrNone([](FrameHeader& header) { header.skip = UINT16_MAX; });
}
TEST(ChangingHeaderTest, ACompactFormIsTheOneThatWasChecked) {
  ExpectTheSoundOneOrNone([](FrameHeader& header) { header.compact_bytes = UINT32_MAX; });
}
TEST(ChangingHeaderTest, ATypeIsTheOneThatWasChecked) {
  ExpectTheSoundOneOrNone([](FrameHeader& header) { header.type = static_cast<FrameType>(77); });
}
TEST(ChangingHeaderTest, ANumberOfRecordsIsTheOneThatWasChecked) {
  ExpectTheSoundOneOrNone([](FrameHeader& header) { header.records = UINT32_MAX; });
}
TEST(ChangingHeaderTest, ASequenceIsTheOneThatWasChecked) {
  ExpectTheSoundOneOrNone([](FrameHeader& header) { header.sequence += 1'000'000; });
}
TEST(ChangingHeaderTest, AMagicNumberIsTheOneThatWasChecked) {
  ExpectTheSoundOneOrNone([](FrameHeader& header) { header.magic ^= 1; });
}
TEST(ChangingHeaderTest, AnAssignmentIsTheOneThatWasRead) {
  ExpectTheOneOrTheOther([](FrameHeader& header) { header.assignment = 99; });
}

}  // namespace
}  // namespace tributary
