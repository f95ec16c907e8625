// Takes the messages of one Update call, in order, for the client. ResponseWriter is the real one;
// simulations have another.
//
// Used by the sync's thread; `progress` may be called from others.
#ifndef TRIBUTARY_SUPERVISOR_DELIVERY_MESSAGE_WRITER_H_
#define TRIBUTARY_SUPERVISOR_DELIVERY_MESSAGE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "supervisor/pool/worker.h"

namespace tributary {

class MessageWriter {
 public:
  virtual ~MessageWriter() = default;

  // `progress` is called when WantProgress asked for it, and when the client is gone.
  // Set before the first Write.
  virtual void OnProgress(std::function<void()> progress) = 0;
  // Asks for one call of `progress` once fewer than `bytes` are pending. False: fewer are pending
  // already, and there will be no call.
  virtual bool WantProgress(std::size_t bytes) = 0;

  // Queues the bytes; `hold` keeps them until the writer releases them.
  virtual void Write(std::string_view bytes, Hold hold) = 0;
  // Starts what is queued. Messages that are queued together reach the socket
  // together.
  virtual void Send() = 0;

  // Bytes passed to the writer and not yet reported as written.
  virtual std::size_t pending_bytes() const = 0;
  // Messages reported as written.
  virtual std::uint64_t sent_messages() const = 0;
  virtual std::uint64_t sent_bytes() const = 0;
  // The client has cancelled, or its connection is lost.
  virtual bool client_gone() const = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DELIVERY_MESSAGE_WRITER_H_
