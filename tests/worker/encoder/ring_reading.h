// A real ring with a TableWriter at one end and the supervisor's consumer at the other; protobuf's
// own parser parses the output.
#ifndef TRIBUTARY_TESTS_WORKER_ENCODER_RING_READING_H_
#define TRIBUTARY_TESTS_WORKER_ENCODER_RING_READING_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proto/connector_sdk.pb.h"
#include "supervisor/pool/ring_consumer.h"
#include "tests/worker/encoder/table_writer.h"

namespace tributary {

struct Message {
  std::string bytes;
  fivetran_sdk::v2::UpdateResponse response;
  std::uint32_t records = 0;
  // The number of its frames.
  std::size_t frames = 0;
};

class RingReading {
 public:
  using Write = std::function<void(TableWriter&)>;

  // Runs `write` on this thread while another thread takes the frames; then it has the messages and
  // marks, in order. Fails the test if bytes cannot be parsed.
  RingReading(const std::string& schema, const std::string& table,
              const std::vector<std::string>& columns, const Write& write);

  const std::vector<Message>& messages() const { return messages_; }
  const std::vector<std::string>& marks() const { return marks_; }
  // All records of all messages.
  std::vector<fivetran_sdk::v2::Record> Records() const;
  std::uint64_t rows_counted() const { return rows_counted_; }
  std::uint64_t oversized_rows() const { return oversized_rows_; }

 private:
  void Take(const Frame& frame);

  std::vector<Message> messages_;
  std::vector<std::string> marks_;
  Message open_;
  std::uint64_t rows_counted_ = 0;
  std::uint64_t oversized_rows_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_WORKER_ENCODER_RING_READING_H_
