#include "tests/worker/encoder/encoded_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/batch/compact_expansion.h"

namespace tributary {

EncodedStream::EncodedStream() : data_ready_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  auto memory = RingMemory::Create(limits::kRingBytes);
  EXPECT_TRUE(memory.ok()) << memory.status();
  auto other_end = RingMemory::Attach(FileDescriptor(::dup(memory->fd())), limits::kRingBytes);
  EXPECT_TRUE(other_end.ok()) << other_end.status();
  consumer_ = std::make_shared<RingConsumer>(
      *std::move(memory), FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
  producer_ = std::make_unique<RingProducer>(*std::move(other_end), data_ready_.get(),
                                             consumer_->space_free_fd());
}

std::vector<EncodedStream::Piece> EncodedStream::Take() {
  std::vector<Piece> pieces;
  for (;;) {
    auto frame = consumer_->Next();
    EXPECT_TRUE(frame.ok()) << frame.status();
    if (!frame.ok() || !frame->has_value()) return pieces;
    ExpectExpands((*frame)->compact, (*frame)->payload);
    pieces.push_back({(*frame)->type, (*frame)->assignment, (*frame)->records,
                      std::string((*frame)->payload), std::string((*frame)->compact)});
  }
}

std::vector<EncodedStream::Piece> TakeBeside(EncodedStream& stream,
                                             const std::function<void()>& write) {
  std::vector<EncodedStream::Piece> pieces;
  std::atomic<bool> written{false};
  std::thread writer([&] {
    write();
    written = true;
  });
  for (bool last = false; !last;) {
    last = written;
    for (auto& piece : stream.Take()) pieces.push_back(std::move(piece));
  }
  writer.join();
  return pieces;
}

void ExpectExpands(std::string_view compact, std::string_view batch) {
  if (compact.empty()) return;
  const auto size = ExpandedBytes(compact);
  ASSERT_TRUE(size.ok()) << size.status();
  ASSERT_EQ(*size, batch.size());
  std::string expanded(*size, '\0');
  const absl::Status done = ExpandCompactBatch(compact, expanded.data());
  ASSERT_TRUE(done.ok()) << done;
  EXPECT_TRUE(expanded == batch) << "a compact form expands to a different batch";
}

std::vector<std::string> MessagesOf(const std::vector<EncodedStream::Piece>& pieces) {
  std::vector<std::string> messages;
  std::string open;
  for (const EncodedStream::Piece& piece : pieces) {
    if (piece.type == FrameType::kPart) {
      EXPECT_EQ(piece.records, 0u);
      open += piece.payload;
    } else if (piece.type == FrameType::kBatch) {
      messages.push_back(std::exchange(open, "") + piece.payload);
    } else {
      EXPECT_TRUE(open.empty()) << "another frame is between the parts of a message";
    }
  }
  EXPECT_TRUE(open.empty()) << "a message has no end";
  return messages;
}

std::vector<Record> RecordsOf(const std::vector<EncodedStream::Piece>& pieces) {
  std::vector<Record> records;
  std::vector<std::uint32_t> counts;
  for (const EncodedStream::Piece& piece : pieces) {
    if (piece.type == FrameType::kBatch) counts.push_back(piece.records);
  }
  std::size_t at = 0;
  for (const std::string& message : MessagesOf(pieces)) {
    EXPECT_LE(message.size(), limits::kMaxMessageBytes);
    UpdateResponse response;
    EXPECT_TRUE(response.ParseFromString(message));
    // protobuf uses the shortest encoding, so equal sizes mean that no varint is too long.
    EXPECT_EQ(response.ByteSizeLong(), message.size());
    EXPECT_EQ(response.operation_case(), UpdateResponse::kRecords);
    const int count = response.records().records_size();
    EXPECT_GE(count, 1);
    EXPECT_LE(static_cast<std::size_t>(count), limits::kMaxRecordsInBatch);
    EXPECT_EQ(static_cast<std::uint32_t>(count), counts[at++]);
    if (count > 1) {
      EXPECT_LE(message.size(), limits::kMaxBatchBytes);
    }
    for (Record& record : *response.mutable_records()->mutable_records()) {
      records.push_back(std::move(record));
    }
  }
  return records;
}

}  // namespace tributary
