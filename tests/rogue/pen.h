// Writes into a worker's own ring, and on its control socket, what no sound worker
// writes. Beside the connector's code and not through it: the worker's encoder
// notices nothing.
//
// Used by one thread of a worker.
#ifndef TRIBUTARY_TESTS_ROGUE_PEN_H_
#define TRIBUTARY_TESTS_ROGUE_PEN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/ring/ring.h"
#include "proto/worker.pb.h"

namespace tributary::rogue {

class Pen {
 public:
  // Maps the ring once more; to be called before the sandbox closes.
  Pen();

  // What a sound worker would write next: a batch of one record, the payload a
  // Warning that a test looks for in the stream.
  FrameHeader Sound() const;
  // Publishes a frame with what `spoil` makes of a sound header.
  void Write(const std::function<void(FrameHeader&)>& spoil, std::string_view payload = Payload());
  void WriteOf(FrameType type, std::string_view payload);
  // The same where the work that it is for has brought no frame yet: the one after the
  // newest frame's, or the first.
  void WriteFirst(FrameType type, std::string_view payload);
  // A batch that may come to the client, with `form` as its compact form.
  void WriteWithForm(std::string_view form);
  // As far as a worker has come that dies in the middle of a frame.
  void WriteUnpublished();
  // Moves the head and nothing else, once the supervisor has taken all before it.
  void MoveHead(std::int64_t by);
  // Straight onto the control socket.
  void SendBytes(std::string_view bytes);
  // Pages of an answer to the first assignment, `bytes` bytes in all, of nothing but empty
  // messages: each page's field `answer` holds them as field `element`.
  void WriteEmptyAnswers(int answer, int element, std::size_t bytes);

  // Bytes of an UpdateResponse whose Warning holds kMarker.
  static std::string_view Payload();

  // Has whoever shares the bells with this worker block at them; to be called before the
  // sandbox closes.
  static void LetBellsBlock();
  // Fills both bells, and has the supervisor ring this worker's more often than a pipe
  // holds.
  void JamBells();

  // What the supervisor would write: every read is to stop at its next mark.
  void PauseAll();
  // Writes the first batch behind `from` again and again, and changes each one's header
  // from sound to not and back while the supervisor reads it; until it is killed.
  [[noreturn]] void FlipHeaders(std::uint64_t from);
  // Signs of life and nothing else, until it is killed.
  [[noreturn]] void LiveOn();

  // Of the work that the newest frame belongs to.
  std::uint32_t assignment() const { return Newest().header.assignment; }
  // Where the next frame will begin.
  std::uint64_t head() const { return memory_.control().head.load(); }

 private:
  struct Frame {
    // All zero where there is none yet.
    FrameHeader header;
    std::uint64_t at = 0;
  };
  Frame Newest() const;
  // There has to be one.
  Frame FirstBatch(std::uint64_t from) const;
  void Publish(std::uint64_t head);

  RingMemory memory_;
};

// Stands in everything that must not come to the client.
inline constexpr char kMarker[] = "GARBAGE";

}  // namespace tributary::rogue

#endif  // TRIBUTARY_TESTS_ROGUE_PEN_H_
