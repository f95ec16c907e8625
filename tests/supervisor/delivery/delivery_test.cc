// Outbox, stager and writer together, with a client that reads, waits or goes away.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <random>
#include <thread>

#include "common/limits.h"
#include "proto/connector_sdk.grpc.pb.h"
#include "supervisor/delivery/outbox.h"
#include "supervisor/delivery/response_writer.h"
#include "tests/supervisor/staging/fault_env.h"
#include "tests/supervisor/staging/staged_stream.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::SourceConnector;
using fivetran_sdk::v2::UpdateRequest;
using fivetran_sdk::v2::UpdateResponse;

// Returns the writer of the only call.
class Endpoint final
    : public SourceConnector::WithRawCallbackMethod_Update<SourceConnector::Service> {
 public:
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Update(grpc::CallbackServerContext*,
                                                     const grpc::ByteBuffer*) override {
    auto writer = ResponseWriter::Make();
    called_.set_value(writer);
    return writer.get();
  }
  std::shared_ptr<ResponseWriter> Writer() { return called_.get_future().get(); }

 private:
  std::promise<std::shared_ptr<ResponseWriter>> called_;
};

class DeliveryTest : public ::testing::Test {
 protected:
  // Within the process, or over TCP as in the connector.
  explicit DeliveryTest(bool over_tcp = false) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.RegisterService(&endpoint_);
    if (over_tcp) {
      builder.AddListeningPort("localhost:0", grpc::InsecureServerCredentials(), &port);
    }
    server_ = builder.BuildAndStart();
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    stub_ = SourceConnector::NewStub(
        over_tcp ? grpc::CreateCustomChannel("localhost:" + std::to_string(port),
                                             grpc::InsecureChannelCredentials(), arguments)
                 : server_->InProcessChannel(arguments));
    call_ = stub_->Update(&client_, UpdateRequest());
    writer_ = endpoint_.Writer();
    options_ = OptionsFor(folder_.path());
  }
  ~DeliveryTest() override {
    env_.LetWritesGo();
    writer_->Finish(grpc::Status::OK);
    if (reader_.joinable()) reader_.join();
    client_.TryCancel();
    if (call_ != nullptr) call_->Finish();
    outbox_.reset();
    stager_thread_.reset();
    stager_.reset();
    server_->Shutdown();
  }

  void OpenStaging() {
    store_ = StagingStore::Open(options_).value();
    stager_ = std::make_unique<Stager>(store_->Begin(kEpoch, kKey).value(), [] {});
    stager_thread_ = std::make_unique<StagerThread>(*stager_);
    outbox_ = std::make_unique<Outbox>(*writer_, stager_.get(), 0);
  }

  // Must be called before the disk, on which the staging is, is destroyed.
  void CloseStaging() {
    outbox_.reset();
    stager_thread_.reset();
    stager_.reset();
    store_.reset();
  }

  // The content of the next item depends on its position only.
  static std::string BytesOf(std::uint64_t position, ItemKind kind, std::size_t bytes) {
    UpdateResponse response;
    const std::string text = std::to_string(position) + " " + std::string(bytes, 'x');
    if (kind == ItemKind::kCheckpoint) response.mutable_checkpoint()->set_state_json(text);
    if (kind == ItemKind::kBatch) response.mutable_warning()->set_message(text);
    return response.SerializeAsString();
  }
  void Put(ItemKind kind, std::size_t bytes) {
    const std::uint64_t position = outbox_->last_position() + 1;
    sent_.push_back(BytesOf(position, kind, bytes));
    ASSERT_EQ(outbox_->Put(kind, sent_.back()), position);
  }
  // Each tenth position is a checkpoint.
  void PutMany(int count, std::size_t bytes) {
    for (int i = 0; i < count; ++i) {
      Put((outbox_->last_position() + 1) % 10 == 0 ? ItemKind::kCheckpoint : ItemKind::kBatch,
          bytes);
    }
  }

  // Text that hardly compresses.
  void PutNoise(ItemKind kind) {
    std::mt19937_64 random(sent_.size());
    std::string text(8000, ' ');
    for (char& c : text) c = static_cast<char>('!' + random() % 90);
    UpdateResponse response;
    if (kind == ItemKind::kCheckpoint) response.mutable_checkpoint()->set_state_json(text);
    if (kind == ItemKind::kBatch) response.mutable_warning()->set_message(text);
    sent_.push_back(response.SerializeAsString());
    outbox_->Put(kind, sent_.back());
  }

  // Reads in a thread until the call ends.
  void ReadAll() {
    reader_ = std::thread([this] {
      UpdateResponse response;
      while (call_->Read(&response)) {
        received_.push_back(response.SerializeAsString());
        arrived_.store(received_.size());
        if (response.has_checkpoint() && stager_ != nullptr && !stager_->failed() &&
            stager_->staged_position() < received_.size()) {
          checkpoint_too_early_ = true;
        }
        // The checkpoint was sent while the disk hangs.
        if (response.has_checkpoint() && env_.holds_writes()) {
          checkpoint_too_early_ = true;
          env_.LetWritesGo();
        }
      }
    });
  }

  // Pumps with a clock that stands still, or that makes each waiting item due for spilling.
  absl::Status PumpUntil(const std::function<bool()>& done, bool spills = false) {
    for (;;) {
      if (spills) now_ += limits::kSpillAfter;
      const absl::Status pumped = outbox_->Pump(now_);
      if (!pumped.ok() || done()) return pumped;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  bool AllWritten() const { return outbox_->empty() && writer_->pending_bytes() == 0; }

  void EndCall() {
    writer_->Finish(grpc::Status::OK);
    reader_.join();
  }

  TempFolder folder_;
  FaultEnv env_;
  StagingOptions options_;
  Endpoint endpoint_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<SourceConnector::Stub> stub_;
  grpc::ClientContext client_;
  std::unique_ptr<grpc::ClientReader<UpdateResponse>> call_;
  std::shared_ptr<ResponseWriter> writer_;
  std::unique_ptr<StagingStore> store_;
  std::unique_ptr<Stager> stager_;
  std::unique_ptr<StagerThread> stager_thread_;
  std::unique_ptr<Outbox> outbox_;
  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
  std::thread reader_;
  std::vector<std::string> sent_;
  // Used by the reader until it has ended; arrived_ is the number of messages until now.
  std::vector<std::string> received_;
  std::atomic<std::size_t> arrived_{0};
  bool checkpoint_too_early_ = false;
};

TEST_F(DeliveryTest, OrderIsKeptAndNoCheckpointLeavesBeforeItIsStaged) {
  OpenStaging();
  ReadAll();
  for (int round = 0; round < 20; ++round) {
    PutMany(25, round % 5 == 0 ? 40'000 : 100);
    ASSERT_TRUE(PumpUntil([] { return true; }).ok());
  }
  ASSERT_TRUE(PumpUntil([this] { return AllWritten(); }).ok());
  EndCall();
  EXPECT_EQ(received_, sent_);
  EXPECT_FALSE(checkpoint_too_early_);
  EXPECT_EQ(stager_->staged_position(), 500u);
}

TEST_F(DeliveryTest, ACheckpointWaitsForADiskThatStandsStillAndWhatIsBeforeItDoesNot) {
  constexpr std::size_t kBeforeCheckpoint = 9;
  constexpr std::chrono::seconds kWhile{1};
  options_.env = &env_;
  OpenStaging();
  ReadAll();
  env_.HoldWrites();
  // The tenth item is a checkpoint, and five follow it.
  PutMany(15, 1000);
  ASSERT_TRUE(PumpUntil([this] { return arrived_.load() >= kBeforeCheckpoint; }).ok());
  const auto until = std::chrono::steady_clock::now() + kWhile;
  ASSERT_TRUE(PumpUntil([until] { return std::chrono::steady_clock::now() > until; }).ok());
  EXPECT_EQ(arrived_.load(), kBeforeCheckpoint);
  EXPECT_TRUE(env_.holds_writes());
  EXPECT_EQ(stager_->staged_position(), 0u);
  env_.LetWritesGo();
  ASSERT_TRUE(PumpUntil([this] { return AllWritten(); }).ok());
  EndCall();
  EXPECT_EQ(received_, sent_);
  EXPECT_FALSE(checkpoint_too_early_);
  EXPECT_FALSE(stager_->failed());
}

TEST_F(DeliveryTest, WithoutStagingItIsTheSame) {
  outbox_ = std::make_unique<Outbox>(*writer_, nullptr, 0);
  ReadAll();
  PutMany(200, 1000);
  ASSERT_TRUE(PumpUntil([this] { return AllWritten(); }).ok());
  EndCall();
  EXPECT_EQ(received_, sent_);
}

TEST_F(DeliveryTest, ASlowClientCostsNoMemoryAndGetsTheSameBytesInOrder) {
  OpenStaging();
  PutMany(300, 100'000);
  // Memory is freed once its item is staged, except for what gRPC has been given.
  ASSERT_TRUE(PumpUntil(
                  [this] {
                    return outbox_->behind() &&
                           outbox_->waiting_heap_bytes() < limits::kWriteWindowBytes + 200'000;
                  },
                  /*spills=*/true)
                  .ok());
  PutMany(100, 100'000);
  ASSERT_TRUE(PumpUntil([this] {
                return outbox_->waiting_heap_bytes() < limits::kWriteWindowBytes + 200'000;
              }).ok());
  EXPECT_LE(writer_->pending_bytes(), limits::kWriteWindowBytes + 200'000);
  ReadAll();
  PutMany(37, 100);
  ASSERT_TRUE(PumpUntil([this] { return AllWritten(); }).ok());
  EXPECT_FALSE(outbox_->behind());
  // It goes on as before after the client has caught up.
  PutMany(13, 100);
  ASSERT_TRUE(PumpUntil([this] { return AllWritten(); }).ok());
  EndCall();
  EXPECT_EQ(received_, sent_);
  EXPECT_FALSE(checkpoint_too_early_);
  EXPECT_EQ(outbox_->waiting_heap_bytes(), 0u);
}

TEST_F(DeliveryTest, WhatStagingHasYetToTakeCountsThoughTheClientHasIt) {
  options_.limit_bytes = 400 * limits::kKiB;
  options_.segment_bytes = 32 * limits::kKiB;
  OpenStaging();
  ReadAll();
  // Without a checkpoint, nothing may be dropped.
  for (int i = 0; i < 200; ++i) {
    PutNoise(ItemKind::kBatch);
  }
  ASSERT_TRUE(PumpUntil([this] { return AllWritten() && stager_->full(); }).ok());
  EXPECT_GT(outbox_->waiting_heap_bytes(), 0u);
  EndCall();
  EXPECT_EQ(received_.size(), sent_.size());
}

TEST_F(DeliveryTest, FullStagingWaitsForTheClientAndGoesOn) {
  options_.limit_bytes = 400 * limits::kKiB;
  options_.segment_bytes = 32 * limits::kKiB;
  OpenStaging();
  for (int i = 1; i <= 200; ++i) {
    PutNoise(i % 5 == 0 ? ItemKind::kCheckpoint : ItemKind::kBatch);
  }
  ASSERT_TRUE(PumpUntil([this] { return stager_->full(); }).ok());
  EXPECT_LT(stager_->staged_position(), 200u);
  ReadAll();
  ASSERT_TRUE(PumpUntil([this] { return AllWritten() && stager_->staged_position() == 200; }).ok());
  EXPECT_FALSE(stager_->failed());
  EndCall();
  EXPECT_EQ(received_, sent_);
  EXPECT_FALSE(checkpoint_too_early_);
}

class TcpDeliveryTest : public DeliveryTest {
 protected:
  TcpDeliveryTest() : DeliveryTest(/*over_tcp=*/true) {}
};

// gRPC sends the first message together with the call's metadata, without combining it with others.
TEST_F(TcpDeliveryTest, MessagesThatAreQueuedTogetherReachAClientThatWaitsForTheFirst) {
  outbox_ = std::make_unique<Outbox>(*writer_, nullptr, 0);
  PutMany(9, 10);
  ASSERT_TRUE(outbox_->Pump(now_).ok());
  ReadAll();
  ASSERT_TRUE(PumpUntil([this] { return AllWritten(); }).ok());
  EndCall();
  EXPECT_EQ(received_, sent_);
}

// A disk whose writes hang as long as a test wants.
class HangingEnv : public leveldb::EnvWrapper {
 public:
  HangingEnv() : leveldb::EnvWrapper(leveldb::Env::Default()) {}

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override {
    leveldb::WritableFile* opened = nullptr;
    const leveldb::Status status = target()->NewWritableFile(path, &opened);
    if (status.ok()) *file = new File(*this, opened);
    return status;
  }

  void Hang(bool hangs) {
    const std::lock_guard lock(mutex_);
    hangs_ = hangs;
    changed_.notify_all();
  }
  // Waits until a write hangs.
  void WaitForWrite() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return hanging_ > 0; });
  }

 private:
  class File : public leveldb::WritableFile {
   public:
    File(HangingEnv& disk, leveldb::WritableFile* file) : disk_(disk), file_(file) {}
    leveldb::Status Append(const leveldb::Slice& bytes) override {
      disk_.Write();
      return file_->Append(bytes);
    }
    leveldb::Status Close() override { return file_->Close(); }
    leveldb::Status Flush() override { return file_->Flush(); }
    leveldb::Status Sync() override { return file_->Sync(); }

   private:
    HangingEnv& disk_;
    std::unique_ptr<leveldb::WritableFile> file_;
  };

  void Write() {
    std::unique_lock lock(mutex_);
    ++hanging_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hangs_; });
    --hanging_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool hangs_ = false;
  int hanging_ = 0;
};

TEST_F(DeliveryTest, SyncWaitsForNoWriteThatHangs) {
  HangingEnv disk;
  options_.env = &disk;
  OpenStaging();
  disk.Hang(true);
  // More than the client's window, so that the client is behind. A checkpoint, and everything after
  // it, would wait for the disk.
  for (int i = 0; i < 100; ++i) Put(ItemKind::kBatch, 100'000);
  disk.WaitForWrite();
  auto pumped = std::async(std::launch::async, [this] {
    // As the sync does after a checkpoint was sent.
    stager_->ConfirmSent(0);
    return PumpUntil([this] { return outbox_->behind(); }, /*spills=*/true);
  });
  const bool waits = pumped.wait_for(std::chrono::seconds(10)) != std::future_status::ready;
  EXPECT_FALSE(waits) << "the sync waits for the disk";
  disk.Hang(false);
  ASSERT_TRUE(pumped.get().ok());
  ReadAll();
  ASSERT_TRUE(PumpUntil([this] { return AllWritten(); }).ok());
  EndCall();
  EXPECT_EQ(received_, sent_);
  CloseStaging();
}

// The items that it reads back are staged by that write; the sync goes on serving its client.
TEST_F(DeliveryTest, SyncWaitsForNoWriteThatHangsThoughItReadsBack) {
  HangingEnv disk;
  options_.env = &disk;
  OpenStaging();
  for (int i = 0; i < 100; ++i) Put(ItemKind::kBatch, 100'000);
  ASSERT_TRUE(PumpUntil([this] { return outbox_->behind() && stager_->staged_position() > 90; },
                        /*spills=*/true)
                  .ok());
  disk.Hang(true);
  for (int i = 0; i < 100; ++i) Put(ItemKind::kBatch, 100'000);
  disk.WaitForWrite();
  ReadAll();
  auto pumped = std::async(std::launch::async, [this] {
    int pumps = 0;
    // gRPC has a window full of the first items; the others have to be read back.
    return PumpUntil([this, &pumps] { return writer_->pending_bytes() == 0 && ++pumps > 3; });
  });
  const bool waits = pumped.wait_for(std::chrono::seconds(10)) != std::future_status::ready;
  EXPECT_FALSE(waits) << "the sync waits for the disk";
  disk.Hang(false);
  ASSERT_TRUE(pumped.get().ok());
  ASSERT_TRUE(PumpUntil([this] { return AllWritten(); }).ok());
  EndCall();
  EXPECT_EQ(received_, sent_);
  EXPECT_GT(outbox_->read_back(), 0u);
  CloseStaging();
}

class FailingDiskTest : public DeliveryTest, public ::testing::WithParamInterface<int> {};

TEST_P(FailingDiskTest, LosesNothingWhereverItFails) {
  options_.env = &env_;
  OpenStaging();
  env_.SetSpace(static_cast<std::uint64_t>(GetParam()) * 3'000);
  // Some items are with gRPC, some are spilled, some wait.
  PutMany(100, 60'000);
  ASSERT_TRUE(PumpUntil([this] { return outbox_->behind() || stager_->failed(); }, true).ok());
  PutMany(100, 60'000);
  ASSERT_TRUE(
      PumpUntil([this] { return stager_->failed() || stager_->staged_position() == 200; }, true)
          .ok());
  PutMany(20, 100);
  ReadAll();
  ASSERT_TRUE(PumpUntil([this] { return AllWritten(); }).ok());
  EndCall();
  EXPECT_EQ(received_, sent_);
  EXPECT_FALSE(checkpoint_too_early_);
}

INSTANTIATE_TEST_SUITE_P(Disk, FailingDiskTest,
                         ::testing::Values(0, 1, 2, 5, 10, 15, 20, 30, 1000));

TEST_F(DeliveryTest, AClientThatGoesIsNoticedAndNothingIsKeptForIt) {
  OpenStaging();
  const auto held = std::make_shared<const std::string>(BytesOf(1, ItemKind::kBatch, 1000));
  outbox_->Put(ItemKind::kBatch, *held, {}, held);
  ASSERT_TRUE(PumpUntil([this] { return outbox_->empty(); }).ok());
  client_.TryCancel();
  ASSERT_TRUE(PumpUntil([this] { return writer_->client_gone(); }).ok());
  // Messages that it never gets are not confirmed: sending a checkpoint would let staging drop what
  // it covers.
  Put(ItemKind::kCheckpoint, 100);
  ASSERT_TRUE(PumpUntil([this] { return outbox_->empty(); }).ok());
  ASSERT_TRUE(outbox_->Pump(now_).ok());
  EXPECT_EQ(outbox_->checkpoints_sent(), 0u);
  writer_->Finish(grpc::Status::CANCELLED);
  outbox_.reset();
  stager_thread_.reset();
  stager_.reset();
  EXPECT_FALSE(call_->Finish().ok());
  call_.reset();
  server_->Shutdown();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace tributary
