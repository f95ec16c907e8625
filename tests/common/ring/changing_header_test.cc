// A header that its worker changes while the supervisor reads it: what comes of it is
// what was checked, or nothing.
//
// Left to chance, a change that falls between two readings of one field is met once in
// many thousands. So every reading is caught: the header's page cannot be read in the
// supervisor's mapping, the fault lets one instruction through, and behind it the header
// is changed by way of another mapping. With the change behind each instruction in
// turn, what is read twice is read differently at some turn.
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

// While it lives, whoever reads the page is let through for one instruction, behind
// which `behind` is called with the number of such instructions. One at a time; for one
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
    // Another fault than those that are wanted comes again, and is fatal then.
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

// What is known of a frame once it was taken and given back.
struct Taken {
  FrameType type{};
  std::size_t skip = 0;
  std::size_t payload_bytes = 0;
  std::uint32_t assignment = 0;
  std::uint32_t records = 0;
  std::size_t compact_bytes = 0;
  // Where the next one begins.
  std::uint64_t frame_bytes = 0;

  bool operator==(const Taken&) const = default;
};
// Nothing: it was refused.
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

// What a supervisor makes of a ring's first frame, whose header is changed behind the
// `turn`th reading of it. Says how many readings there were.
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
        << "changed behind reading " << turn << " of " << readings;
  }
}

using Change = void (*)(FrameHeader&);

// Of two headers that are both sound.
void ExpectTheOneOrTheOther(Change change) {
  FrameHeader changed = Sound();
  change(changed);
  ExpectOneOfThem(Sound(), TakenAs(Sound()), changed, TakenAs(changed));
}

// Of a sound one and one that is refused.
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
