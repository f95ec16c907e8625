// Writes into a worker's own ring, and to its control socket, what no correct worker writes. It
// does not use the connector's encoder, which notices nothing.
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
  // Maps the ring a second time; must be called before the sandbox closes.
  Pen();

  // What a correct worker would write next: a batch of one record. The payload is a Warning that a
  // test searches for in the stream.
  FrameHeader Sound() const;
  // Publishes a frame whose header is a correct one, changed by `spoil`.
  void Write(const std::function<void(FrameHeader&)>& spoil, std::string_view payload = Payload());
  void WriteOf(FrameType type, std::string_view payload);
  // The same for an assignment that has no frames yet: the one after the newest frame's, or the
  // first.
  void WriteFirst(FrameType type, std::string_view payload);
  // A batch that may reach the client, with `form` as its compact form.
  void WriteWithForm(std::string_view form);
  // Writes a part of a frame, like a worker that dies in the middle of one.
  void WriteUnpublished();
  // Moves the head and nothing else, after the supervisor has read everything before it.
  void MoveHead(std::int64_t by);
  // Writes directly to the control socket.
  void SendBytes(std::string_view bytes);
  // Pages of an answer to the first assignment, `bytes` bytes in total, which contain only empty
  // messages: each page's field `answer` has them as field `element`.
  void WriteEmptyAnswers(int answer, int element, std::size_t bytes);

  // The bytes of an UpdateResponse whose Warning contains kMarker.
  static std::string_view Payload();

  // Makes writes to the worker's bells block for all processes that share them; must be called
  // before the sandbox closes.
  static void LetBellsBlock();
  // Fills both bells, and makes the supervisor ring this worker's bell more often than a pipe can
  // hold.
  void JamBells();

  // Does what the supervisor would do: asks all reads to stop at their next mark.
  void PauseAll();
  // Writes the first batch after `from` again and again, and changes each header between correct
  // and wrong values while the supervisor reads it; until the worker is killed.
  [[noreturn]] void FlipHeaders(std::uint64_t from);
  // Only shows signs of life, until it is killed.
  [[noreturn]] void LiveOn();

  // The assignment of the newest frame.
  std::uint32_t assignment() const { return Newest().header.assignment; }
  // Where the next frame will begin.
  std::uint64_t head() const { return memory_.control().head.load(); }

 private:
  struct Frame {
    // All zero if there is no frame yet.
    FrameHeader header;
    std::uint64_t at = 0;
  };
  Frame Newest() const;
  // There has to be one.
  Frame FirstBatch(std::uint64_t from) const;
  void Publish(std::uint64_t head);

  RingMemory memory_;
};

// Contained in everything that must not reach the client.
inline constexpr char kMarker[] = "GARBAGE";

}  // namespace tributary::rogue

#endif  // TRIBUTARY_TESTS_ROGUE_PEN_H_
