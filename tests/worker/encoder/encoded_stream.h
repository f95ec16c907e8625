// A writer and a reader of one ring: what the encoder writes is parsed by
// protobuf's own parser.
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

// Both ends of a ring, with the frames' payloads as they came.
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

  // All that stands in the ring. Fails the test where a compact form expands to
  // anything but its batch.
  std::vector<Piece> Take();

 private:
  FileDescriptor data_ready_;
  std::shared_ptr<RingConsumer> consumer_;
  std::unique_ptr<RingProducer> producer_;
};

// What comes out while `write` runs, which the ring alone would block.
std::vector<EncodedStream::Piece> TakeBeside(EncodedStream& stream,
                                             const std::function<void()>& write);

// Fails the test where `compact` is there and expands to anything but `batch`.
void ExpectExpands(std::string_view compact, std::string_view batch);

// The messages that batches and parts make up; fails the test for a part without
// an end.
std::vector<std::string> MessagesOf(const std::vector<EncodedStream::Piece>& pieces);

// Of all messages, in order. Fails the test where one is not an UpdateResponse
// with records, has bytes that protobuf would not have written, or breaks a limit
// of the contract.
std::vector<Record> RecordsOf(const std::vector<EncodedStream::Piece>& pieces);

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_WORKER_ENCODER_ENCODED_STREAM_H_
