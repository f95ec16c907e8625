// What the tests of the sqlite engine share: databases in a temporary folder, and a source whose
// ring is read and decoded by protobuf's own parser.
#ifndef TRIBUTARY_TESTS_WORKER_SOURCES_SQLITE_SAMPLE_H_
#define TRIBUTARY_TESTS_WORKER_SOURCES_SQLITE_SAMPLE_H_

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/file_descriptor.h"
#include "common/ring/ring.h"
#include "proto/connector_sdk.pb.h"
#include "proto/worker.pb.h"
#include "worker/encoder/ring_producer.h"
#include "worker/encoder/row_judge.h"
#include "worker/sources/source.h"
#include "worker/sources/sqlite/source.h"

namespace tributary::sqlite_test {

// Removed with everything in it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A connection that writes. A statement that fails fails the test.
class Database {
 public:
  explicit Database(const std::string& path) { Open(path); }
  ~Database() { Close(); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  void Run(const std::string& sql);
  // The first column of the first row.
  std::string Ask(const std::string& sql);
  void Open(const std::string& path);
  void Close();
  sqlite3* db() { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

using Values = std::map<std::string, fivetran_sdk::v2::ValueType>;

// "column TYPE (MISFIT, MISFIT)" for each widening.
std::vector<std::string> Texts(const google::protobuf::RepeatedPtrField<Widening>& widenings);
// Changes the table as the supervisor does.
void Apply(const google::protobuf::RepeatedPtrField<Widening>& widenings, CatalogTable& table);

// The decoded result of one read assignment.
struct Outcome {
  absl::Status status;
  AssignmentEnd end;
  std::vector<Values> rows;
  struct SeenMark {
    std::string at;
    std::size_t rows_before = 0;
    std::vector<ColumnRemark> remarks;
  };
  std::vector<SeenMark> marks;
  // The version that its transaction read.
  std::string version;
  // The remarks of all marks, in order.
  std::vector<ColumnRemark> remarks() const;
};

class CountingPulse : public Pulse {
 public:
  void Beat() override { ++beats; }
  std::atomic<std::uint64_t> beats = 0;
};

// The consumer's end of a ring, in its own thread.
class RingTap {
 public:
  RingTap();
  ~RingTap();
  RingProducer& producer() { return *producer_; }
  // Calls `frame` for each frame, in the tap's thread.
  void Start(std::function<void(const FrameHeader&, std::string)> frame);
  // Returns when `frame` was called for everything that was published.
  void Finish();
  RingControl& control() { return memory_->control(); }

 private:
  void Drain();

  std::unique_ptr<RingMemory> memory_;
  FileDescriptor data_ready_;
  FileDescriptor space_free_;
  std::unique_ptr<RingProducer> producer_;
  std::function<void(const FrameHeader&, std::string)> frame_;
  std::atomic<bool> finishing_ = false;
  std::uint64_t tail_ = 0;
  std::thread thread_;
};

// A prepared source on `name` in `root`, and what the supervisor would do with it.
class Reading {
 public:
  Reading(const std::string& root, const std::string& name,
          std::chrono::milliseconds patience = std::chrono::milliseconds(2000));

  const absl::StatusOr<SourceNeeds>& prepared() const { return prepared_; }
  SqliteSource& source() { return *source_; }
  CountingPulse& pulse() { return pulse_; }

  // The catalog; fails the test if it cannot be read.
  Catalog Describe(const std::string& known_version = "");
  // The table with this name; fails the test if there is none.
  CatalogTable Table(const std::string& name);

  // Used at each read: the number of marks after which a pause is requested.
  int pause_after_marks = -1;
  // As the supervisor requests it if the source changes again and again.
  bool in_one_piece = false;
  // Gets the rows before they are sent; outlives the next reads.
  RowJudge* judge = nullptr;
  // Called in another thread, before a frame is taken from the ring: it delays the frames after it.
  std::function<void()> before_frame;
  Outcome Read(const CatalogTable& table, const Range& range = {});
  // Reads all slices, each to its end.
  std::vector<Values> ReadAll(const CatalogTable& table, const std::vector<Range>& slices);
  std::vector<Range> Cut(const CatalogTable& table, const std::vector<Range>& ranges = {Range()});
  // What the last cut found to be widened, in the form of Texts.
  std::vector<std::string> sampled;

 private:
  CountingPulse pulse_;
  std::unique_ptr<SqliteSource> source_;
  absl::StatusOr<SourceNeeds> prepared_;
  std::uint32_t assignment_ = 0;
};

std::unique_ptr<SqliteSource> MakeSqliteSource(const std::string& root, const std::string& name,
                                               Pulse& pulse, std::chrono::milliseconds patience);

}  // namespace tributary::sqlite_test

#endif  // TRIBUTARY_TESTS_WORKER_SOURCES_SQLITE_SAMPLE_H_
