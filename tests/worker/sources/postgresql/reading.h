// What the engine's tests share: one server for a test program, and a source whose ring is read and
// decoded by protobuf's own parser.
#ifndef TRIBUTARY_TESTS_WORKER_SOURCES_POSTGRESQL_READING_H_
#define TRIBUTARY_TESTS_WORKER_SOURCES_POSTGRESQL_READING_H_

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "proto/connector_sdk.pb.h"
#include "proto/worker.pb.h"
#include "tests/process/postgres_server.h"
#include "tests/worker/sources/sqlite/sample.h"
#include "worker/sources/postgresql/source.h"

namespace tributary::postgresql_test {

using Values = sqlite_test::Values;
using sqlite_test::CountingPulse;

// The server for all tests of the program; they end if it cannot be started. It has wal_level =
// logical; its superuser needs no password.
tests::PostgresServer& Server();
// Executes statements as the superuser; fails the test if one fails.
void Execute(const std::string& sql,
             const std::string& database = tests::PostgresServer::kDatabase);
// A new database, dropped with this object.
class NewDatabase {
 public:
  explicit NewDatabase(const std::string& sql = "");
  ~NewDatabase();
  NewDatabase(const NewDatabase&) = delete;
  NewDatabase& operator=(const NewDatabase&) = delete;
  const std::string& name() const { return name_; }
  void Run(const std::string& sql) const { Execute(sql, name_); }

 private:
  std::string name_;
};

// The configuration of a source on Server(), without TLS.
Configuration ConfigurationOf(const std::string& database,
                              const std::string& user = tests::PostgresServer::kUser);

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
  Opened opened;
};

// A prepared source, and what the supervisor would do with it.
class Reading {
 public:
  explicit Reading(Configuration configuration,
                   std::chrono::milliseconds patience = std::chrono::milliseconds(3000));
  explicit Reading(const std::string& database) : Reading(ConfigurationOf(database)) {}

  PostgresqlSource& source() { return source_; }
  CountingPulse& pulse() { return pulse_; }

  // They fail the test if there is no catalog, or no table with this name in it.
  Catalog Describe();
  CatalogTable Table(const std::string& name);

  // The number of marks after which a pause is requested; -1: never.
  int pause_after_marks = -1;
  std::uint64_t whole_from = 0;
  // Called in another thread, before a frame is taken from the ring.
  std::function<void(const FrameHeader&)> before_frame;
  Outcome Read(const CatalogTable& table, const Range& range = {});
  // One after the other, as a worker whose queue has all of them. `after` is called after each.
  std::vector<Outcome> ReadAll(
      const std::vector<CatalogTable>& tables, const std::function<void()>& after = [] {});
  std::vector<Range> Cut(const CatalogTable& table, const std::vector<Range>& ranges = {Range()});

 private:
  ReadAssignment AssignmentOf(const CatalogTable& table, const Range& range) const;
  Outcome Do(const ReadAssignment& assignment);

  CountingPulse pulse_;
  PostgresqlSource source_;
  std::uint32_t assignment_ = 0;
};

// "Int 5", "String abc", "Null"; times as microseconds since 1970.
std::string TextOf(const fivetran_sdk::v2::ValueType& value);
// The column `id`, in the order of the rows.
std::vector<std::string> Ids(const Outcome& outcome);

}  // namespace tributary::postgresql_test

#endif  // TRIBUTARY_TESTS_WORKER_SOURCES_POSTGRESQL_READING_H_
