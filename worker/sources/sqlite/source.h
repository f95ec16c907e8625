// The engine "sqlite": one database file, read only.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_SOURCE_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_SOURCE_H_

#include <chrono>
#include <memory>
#include <optional>

#include "common/limits.h"
#include "worker/sources/source.h"
#include "worker/sources/sqlite/connection.h"
#include "worker/sources/sqlite/reader.h"

namespace tributary {

class SqliteSource : public Reader {
 public:
  // `patience`: how long it waits for locks and temporary failures. `pulse` outlives the source.
  SqliteSource(SourceOptions options, Pulse& pulse,
               std::chrono::milliseconds patience =
                   std::chrono::milliseconds(limits::kSourcePatienceMilliseconds));

  static std::unique_ptr<Reader> Make(SourceOptions options, Pulse& pulse);
  // As Engine has it.
  static std::string Library();

  absl::StatusOr<SourceNeeds> Prepare() override;
  absl::Status Test(std::string_view name) override;
  absl::StatusOr<Catalog> Describe(const DescribeAssignment& assignment) override;
  absl::StatusOr<Slices> Cut(const CutAssignment& assignment) override;
  absl::StatusOr<AssignmentEnd> Read(const ReadAssignment& assignment,
                                     BatchWriter& writer) override;

 private:
  absl::StatusOr<std::string> Begin();
  absl::Status TryReading();
  void Identify(const DescribeAssignment& assignment, Catalog& catalog) const;
  // As far as there is time: a table without one is compared.
  void AddPageDigests(Catalog& catalog);

  SourceOptions options_;
  Pulse& pulse_;
  std::chrono::milliseconds patience_;
  std::optional<sqlite::Connection> connection_;
  // Holds statements of the connection, so it is destroyed first.
  std::optional<sqlite::SliceReader> reader_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_SOURCE_H_
