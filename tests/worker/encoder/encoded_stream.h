// A writer and a reader of one ring: protobuf's own parser parses what the encoder writes.
#ifndef TRIBUTARY_TESTS_WORKER_ENCODER_ENCODED_STREAM_H_
#define TRIBUTARY_TESTS_WORKER_ENCODER_ENCODED_STREAM_H_

#include <sys/eventfd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/file_descriptor.h"
#include "proto/connector_sdk.pb.h"
#include "proto/worker.pb.h"
#include "supervisor/pool/ring_consumer.h"
#include "tests/worker/encoder/table_writer.h"

namespace tributary {

using fivetran_sdk::v2::Record;
using fivetran_sdk::v2::UpdateResponse;
using fivetran_sdk::v2::ValueType;

// Both ends of a ring; keeps the payloads of all frames.
class EncodedStream {
 public:
  struct Piece {
    FrameType type{};
    std::uint32_t assignment = 0;
    std::uint32_t records = 0;
    std::string payload;
    std::string compact;
  };

  EncodedStream();

  RingProducer& producer() { return *producer_; }
  RingConsumer& consumer() { return *consumer_; }

  // Everything in the ring. Fails the test if a compact form does not expand to its batch.
  std::vector<Piece> Take();

 private:
  FileDescriptor data_ready_;
  std::shared_ptr<RingConsumer> consumer_;
  std::unique_ptr<RingProducer> producer_;
};

// The output of `write`, taken while it runs, since otherwise a full ring would block it.
std::vector<EncodedStream::Piece> TakeBeside(EncodedStream& stream,
                                             const std::function<void()>& write);

// Fails the test if `compact` is not empty and does not expand to `batch`.
void ExpectExpands(std::string_view compact, std::string_view batch);

// The messages that batches and parts form; fails the test if the last part of a message is
// missing.
std::vector<std::string> MessagesOf(const std::vector<EncodedStream::Piece>& pieces);

// The records of all messages, in order. Fails the test if a message is not an UpdateResponse with
// records, contains bytes that protobuf would not have written, or exceeds a limit of the contract.
std::vector<Record> RecordsOf(const std::vector<EncodedStream::Piece>& pieces);

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_WORKER_ENCODER_ENCODED_STREAM_H_
