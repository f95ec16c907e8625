#include "worker/sources/sqlite/source.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/encoder/batch_writer.h"
#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/catalog.h"
#include "worker/sources/sqlite/database_file.h"
#include "worker/sources/sqlite/setup.h"
#include "worker/sources/sqlite/slices.h"

namespace tributary {

using sqlite::TransactionScope;

SqliteSource::SqliteSource(SourceOptions options, Pulse& pulse, std::chrono::milliseconds patience)
    : options_(std::move(options)), pulse_(pulse), patience_(patience) {}

std::unique_ptr<Reader> SqliteSource::Make(SourceOptions options, Pulse& pulse) {
  return std::make_unique<SqliteSource>(std::move(options), pulse);
}

absl::StatusOr<SourceNeeds> SqliteSource::Prepare() {
  auto path = sqlite::DatabasePath(options_.configuration);
  if (!path.ok()) return path.status();
  auto file = sqlite::LocateDatabase(*path, options_.operator_settings[sqlite::kRootSetting]);
  if (!file.ok()) return file.status();
  SourceNeeds needs = file->needs;
  reader_.reset();
  connection_.emplace(*std::move(file), pulse_, patience_);
  reader_.emplace(*connection_);
  return needs;
}

absl::StatusOr<std::string> SqliteSource::Begin() {
  if (!connection_.has_value()) {
    return absl::FailedPreconditionError("open database: the source was not prepared");
  }
  return connection_->Begin();
}

std::string SqliteSource::Identity() const {
  return absl::StrCat("sqlite:", connection_->file().named, ":", connection_->application_id());
}

absl::Status SqliteSource::Test(std::string_view name) {
  if (name != kConnectTest && name != kReadTest) {
    return absl::InvalidArgumentError(absl::StrCat("run setup test: there is none named \"",
                                                   std::string(name.substr(0, 64)),
                                                   "\"; sqlite has connect and read"));
  }
  const auto version = Begin();
  if (!version.ok()) return version.status();
  TransactionScope transaction(*connection_);
  if (name == kConnectTest) {
    // Reads the catalog, which a file that only starts like a database does not have.
    const auto statement = connection_->Prepare("SELECT count(*) FROM main.sqlite_schema", "");
    if (!statement.ok()) return statement.status();
    const int code = sqlite3_step(statement->get());
    if (code != SQLITE_ROW) return connection_->Error(code, "read catalog of", "");
    return transaction.End();
  }
  const absl::Status status = TryReading();
  return status.ok() ? transaction.End() : status;
}

absl::Status SqliteSource::TryReading() {
  Catalog catalog;
  const absl::Status status = sqlite::ReadCatalog(*connection_, catalog);
  if (!status.ok()) return status;
  const int tables = std::min(catalog.tables_size(), limits::kSqliteTablesInTest);
  for (int at = 0; at < tables; ++at) {
    const std::string& table = catalog.tables(at).table();
    const auto statement = connection_->Prepare(
        absl::StrCat("SELECT * FROM main.", sqlite::Quoted(table), " LIMIT 1"), table);
    if (!statement.ok()) return statement.status();
    const int code = sqlite3_step(statement->get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
      return connection_->Error(code, "read table", table);
    }
    pulse_.Beat();
  }
  return absl::OkStatus();
}

absl::StatusOr<Catalog> SqliteSource::Describe(const DescribeAssignment& assignment) {
  const auto version = Begin();
  if (!version.ok()) return version.status();
  TransactionScope transaction(*connection_);
  Catalog catalog;
  catalog.set_version(*version);
  catalog.set_identity(Identity());
  if (!assignment.known_version().empty() && assignment.known_version() == *version) {
    catalog.set_unchanged(true);
  } else {
    const absl::Status status = sqlite::ReadCatalog(*connection_, catalog);
    if (!status.ok()) return status;
    // A commit is the file's, so all of its tables change together.
    for (CatalogTable& table : *catalog.mutable_tables()) table.set_content(*version);
  }
  const absl::Status ended = transaction.End();
  if (!ended.ok()) return ended;
  return catalog;
}

absl::StatusOr<Slices> SqliteSource::Cut(const CutAssignment& assignment) {
  const auto version = Begin();
  if (!version.ok()) return version.status();
  TransactionScope transaction(*connection_);
  Slices slices;
  absl::Status status = sqlite::CutTables(*connection_, assignment, slices);
  if (status.ok()) status = transaction.End();
  if (!status.ok()) return status;
  return slices;
}

absl::StatusOr<AssignmentEnd> SqliteSource::Read(const ReadAssignment& assignment,
                                                 BatchWriter& writer) {
  const auto version = Begin();
  if (!version.ok()) return version.status();
  TransactionScope transaction(*connection_);
  writer.Open(*version);
  auto end = reader_->Read(assignment, *version, writer);
  if (!end.ok()) return end;
  const absl::Status ended = transaction.End();
  if (!ended.ok()) return ended;
  if (end->outcome() == AssignmentEnd::DONE) {
    writer.Mark(assignment.range().to(), *version, reader_->TakeRemarks());
  }
  return end;
}

}  // namespace tributary
