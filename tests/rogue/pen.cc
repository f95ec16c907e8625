#include "tests/rogue/pen.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "common/limits.h"
#include "common/worker_start.h"
#include "proto/connector_sdk.pb.h"

namespace tributary::rogue {
namespace {

constexpr std::chrono::milliseconds kBeat(20);
constexpr int kFlipsBetweenBeats = 100;
constexpr int kLooks = 10;
// Each writes eight bytes; a pipe holds 64 KiB.
constexpr int kRingsToJam = 9000;

RingMemory SecondMapping() {
  auto memory = RingMemory::Attach(FileDescriptor(::dup(kRingFd)), limits::kRingBytes);
  if (!memory.ok()) std::abort();
  return *std::move(memory);
}

}  // namespace

Pen::Pen() : memory_(SecondMapping()) {}

std::string_view Pen::Payload() {
  static const std::string payload = [] {
    fivetran_sdk::v2::UpdateResponse response;
    response.mutable_warning()->set_message(kMarker);
    return response.SerializeAsString();
  }();
  return payload;
}

// Ring memory keeps a frame's bytes until they are overwritten, so the newest frame is the one that
// ends at the head.
Pen::Frame Pen::Newest() const {
  const std::uint64_t head = memory_.control().head.load();
  const std::uint64_t oldest = head > memory_.data_bytes() ? head - memory_.data_bytes() : 0;
  for (std::uint64_t at = head; at >= oldest + kFrameAlignment;) {
    at -= kFrameAlignment;
    FrameHeader header;
    std::memcpy(&header, memory_.data(at), sizeof(header));
    if (header.magic == kFrameMagic && at + header.FrameBytes() == head) return {header, at};
  }
  return {};
}

Pen::Frame Pen::FirstBatch(std::uint64_t from) const {
  FrameHeader header;
  for (std::uint64_t at = from; at < memory_.control().head.load(); at += header.FrameBytes()) {
    std::memcpy(&header, memory_.data(at), sizeof(header));
    if (header.type == FrameType::kBatch) return {header, at};
  }
  std::abort();
}

FrameHeader Pen::Sound() const {
  FrameHeader header = Newest().header;
  header.magic = kFrameMagic;
  header.type = FrameType::kBatch;
  header.skip = 0;
  header.payload_bytes = static_cast<std::uint32_t>(Payload().size());
  ++header.sequence;
  header.records = 1;
  header.compact_bytes = 0;
  return header;
}

void Pen::Write(const std::function<void(FrameHeader&)>& spoil, std::string_view payload) {
  FrameHeader header = Sound();
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  const std::uint64_t frame_bytes = header.FrameBytes();
  spoil(header);
  RingControl& control = memory_.control();
  const std::uint64_t head = control.head.load();
  while (head + frame_bytes > control.tail.load() + memory_.data_bytes()) {
    control.pulse.fetch_add(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::memcpy(memory_.data(head), &header, sizeof(header));
  std::memcpy(memory_.data(head) + sizeof(header), payload.data(), payload.size());
  Publish(head + frame_bytes);
}

void Pen::WriteUnpublished() {
  const FrameHeader header = Sound();
  char* const at = memory_.data(memory_.control().head.load());
  std::memcpy(at, &header, sizeof(header));
  std::memcpy(at + sizeof(header), Payload().data(), Payload().size() / 2);
}

void Pen::WriteOf(FrameType type, std::string_view payload) {
  Write(
      [type](FrameHeader& header) {
        header.type = type;
        header.records = 0;
      },
      payload);
}

void Pen::WriteFirst(FrameType type, std::string_view payload) {
  Write(
      [type](FrameHeader& header) {
        header.type = type;
        header.records = 0;
        ++header.assignment;
      },
      payload);
}

void Pen::WriteWithForm(std::string_view form) {
  fivetran_sdk::v2::UpdateResponse response;
  response.mutable_warning()->set_message("said by a rogue, and harmless");
  std::string bytes = response.SerializeAsString();
  bytes.append(form);
  Write(
      [form](FrameHeader& header) {
        header.compact_bytes = static_cast<std::uint32_t>(form.size());
        header.payload_bytes -= header.compact_bytes;
      },
      bytes);
}

void Pen::MoveHead(std::int64_t by) {
  RingControl& control = memory_.control();
  // consumer_wants says how far the supervisor has read, plus a constant; the supervisor sets it
  // shortly before it looks at the ring again and then sleeps.
  for (int looks = 0; looks < kLooks; ++looks) {
    const std::uint64_t head = control.head.load();
    if (control.consumer_wants.load() != head + limits::kBytesWorthWaking) {
      looks = 0;
      Publish(head);
    }
    control.pulse.fetch_add(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Publish(control.head.load() + static_cast<std::uint64_t>(by));
}

void Pen::Publish(std::uint64_t head) {
  memory_.control().head.store(head);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto rung = ::write(kDataReadyFd, &one, sizeof(one));
}

void Pen::SendBytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(kControlFd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return;
    memory_.control().pulse.fetch_add(1);
    if (sent < 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    } else {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
}

void Pen::WriteEmptyAnswers(int answer, int element, std::size_t bytes) {
  constexpr int kLengthDelimited = 2;
  constexpr std::size_t kPageBytes = limits::kMiB;
  // The length always takes four bytes, even if fewer would suffice.
  std::string page;
  page.push_back(static_cast<char>(answer << 3 | kLengthDelimited));
  const std::size_t rest = (kPageBytes - 5) & ~std::size_t{1};
  for (int shift = 0; shift < 28; shift += 7) {
    page.push_back(static_cast<char>((rest >> shift & 0x7f) | (shift < 21 ? 0x80 : 0)));
  }
  while (page.size() < 5 + rest) {
    page.push_back(static_cast<char>(element << 3 | kLengthDelimited));
    page.push_back('\0');
  }
  for (std::size_t written = 0; written < bytes; written += page.size()) {
    written == 0 ? WriteFirst(FrameType::kAnswer, page) : WriteOf(FrameType::kAnswer, page);
  }
}

void Pen::LetBellsBlock() {
  for (const int bell : {kDataReadyFd, kSpaceFreeFd}) {
    ::fcntl(bell, F_SETFL, ::fcntl(bell, F_GETFL) & ~O_NONBLOCK);
  }
}

void Pen::JamBells() {
  // The largest value that an eventfd accepts; for a pipe it is eight bytes.
  static constexpr std::uint64_t kMost = UINT64_MAX - 1;
  std::thread([] {
    while (::write(kDataReadyFd, &kMost, sizeof(kMost)) > 0) {
    }
  }).detach();
  [[maybe_unused]] const auto put = ::write(kSpaceFreeFd, &kMost, sizeof(kMost));
  // The newest frame is a mark; writing it again does not change the cursor.
  const Frame newest = Newest();
  Mark mark;
  mark.ParseFromArray(memory_.data(newest.at) + sizeof(FrameHeader) + newest.header.skip,
                      static_cast<int>(newest.header.payload_bytes));
  mark.clear_remarks();
  const std::string text = mark.SerializeAsString();
  RingControl& control = memory_.control();
  for (int ring = 0; ring < kRingsToJam; ++ring) {
    control.producer_wants.store(1);
    control.pulse.fetch_add(1);
    WriteOf(FrameType::kMark, text);
    for (int look = 0; look < kLooks && control.producer_wants.load() != 0; ++look) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
}

void Pen::PauseAll() { memory_.control().pause_through.store(UINT32_MAX); }

void Pen::FlipHeaders(std::uint64_t from) {
  using Spoil = void (*)(FrameHeader&);
  using Words = std::array<std::uint64_t, sizeof(FrameHeader) / sizeof(std::uint64_t)>;
  // The check refuses each of these, so a header that is correct when it is checked can do harm
  // only if it is read a second time.
  constexpr std::array<Spoil, 7> kSpoils = {
      [](FrameHeader& header) { header.compact_bytes = UINT32_MAX; },
      [](FrameHeader& header) { header.payload_bytes = UINT32_MAX; },
      [](FrameHeader& header) { header.skip = UINT16_MAX; },
      [](FrameHeader& header) { header.type = static_cast<FrameType>(77); },
      [](FrameHeader& header) { header.assignment = UINT32_MAX; },
      [](FrameHeader& header) { header.sequence += 1'000'000; },
      [](FrameHeader& header) { header.records = UINT32_MAX; }};
  const Frame batch = FirstBatch(from);
  const std::string rows(memory_.data(batch.at) + sizeof(FrameHeader) + batch.header.skip,
                         batch.header.payload_bytes);
  for (std::size_t frame = 0;; ++frame) {
    const std::uint64_t at = memory_.control().head.load();
    FrameHeader sound;
    Write(
        [&](FrameHeader& header) {
          header.records = batch.header.records;
          sound = header;
        },
        rows);
    FrameHeader spoiled = sound;
    kSpoils[frame % kSpoils.size()](spoiled);
    Words sound_words;
    Words spoiled_words;
    std::memcpy(sound_words.data(), &sound, sizeof(sound));
    std::memcpy(spoiled_words.data(), &spoiled, sizeof(spoiled));
    const auto put =
        [place = reinterpret_cast<volatile std::uint64_t*>(memory_.data(at))](const Words& words) {
          for (std::size_t word = 0; word < words.size(); ++word) place[word] = words[word];
        };
    // Until the supervisor has read and released it.
    while (memory_.control().tail.load() <= at) {
      for (int flip = 0; flip < kFlipsBetweenBeats; ++flip) {
        put(spoiled_words);
        put(sound_words);
      }
      memory_.control().pulse.fetch_add(1);
    }
  }
}

void Pen::LiveOn() {
  for (;;) {
    memory_.control().pulse.fetch_add(1);
    std::this_thread::sleep_for(kBeat);
  }
}

}  // namespace tributary::rogue
