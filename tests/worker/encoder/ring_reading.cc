#include "tests/worker/encoder/ring_reading.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "proto/worker.pb.h"
#include "tests/worker/encoder/encoded_stream.h"

namespace tributary {
namespace {

constexpr std::uint32_t kAssignment = 7;

}  // namespace

RingReading::RingReading(const std::string& schema, const std::string& table,
                         const std::vector<std::string>& columns, const Write& write) {
  auto memory = RingMemory::Create(limits::kRingBytes).value();
  const FileDescriptor data_ready(::eventfd(0, EFD_NONBLOCK));
  FileDescriptor space_free(::eventfd(0, EFD_NONBLOCK));
  auto attached =
      RingMemory::Attach(FileDescriptor(::dup(memory.fd())), limits::kRingBytes).value();
  RingProducer producer(std::move(attached), data_ready.get(), space_free.get());
  auto consumer = std::make_shared<RingConsumer>(std::move(memory), std::move(space_free));

  std::atomic<bool> written = false;
  std::thread reader([&] {
    for (;;) {
      const bool last_look = written.load();
      auto frame = consumer->Next();
      ASSERT_TRUE(frame.ok()) << frame.status();
      if (frame->has_value()) {
        Take(**frame);
      } else if (last_look) {
        return;
      }
    }
  });
  {
    TableWriter writer(producer, kAssignment, schema, table, columns);
    write(writer);
    writer.Mark("end", "version");
    rows_counted_ = writer.rows();
    oversized_rows_ = writer.oversized_rows();
  }
  written = true;
  reader.join();
}

void RingReading::Take(const Frame& frame) {
  EXPECT_EQ(frame.assignment, kAssignment);
  EXPECT_LE(frame.payload.size(), limits::kMaxFramePayloadBytes);
  if (frame.type == FrameType::kMark) {
    tributary::Mark mark;
    ASSERT_TRUE(mark.ParseFromArray(frame.payload.data(), static_cast<int>(frame.payload.size())));
    EXPECT_EQ(open_.frames, 0U) << "a mark within a message";
    marks_.push_back(mark.at());
    return;
  }
  ExpectExpands(frame.compact, frame.payload);
  open_.bytes.append(frame.payload);
  ++open_.frames;
  if (frame.type == FrameType::kPart) return;
  ASSERT_TRUE(open_.response.ParseFromString(open_.bytes));
  open_.records = frame.records;
  messages_.push_back(std::exchange(open_, {}));
}

std::vector<fivetran_sdk::v2::Record> RingReading::Records() const {
  std::vector<fivetran_sdk::v2::Record> records;
  for (const Message& message : messages_) {
    const auto& batch = message.response.records().records();
    records.insert(records.end(), batch.begin(), batch.end());
  }
  return records;
}

}  // namespace tributary
