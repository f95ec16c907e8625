#include "worker/sources/sqlite/source.h"

#include <sqlite3.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/text.h"
#include "worker/encoder/batch_writer.h"
#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/catalog.h"
#include "worker/sources/sqlite/database_file.h"
#include "worker/sources/sqlite/failing_column.h"
#include "worker/sources/sqlite/identity.h"
#include "worker/sources/sqlite/look_ahead.h"
#include "worker/sources/sqlite/page_digests.h"
#include "worker/sources/sqlite/setup.h"
#include "worker/sources/sqlite/slices.h"
#include "worker/sources/sqlite/turns.h"

namespace tributary {

using sqlite::TransactionScope;

namespace {

// The number of unreadable tables for which a setup test gives the reason.
constexpr std::size_t kFailuresInTest = 5;

absl::Status NotPrepared() {
  return absl::FailedPreconditionError("open database: the source was not prepared");
}

}  // namespace

SqliteSource::SqliteSource(SourceOptions options, Pulse& pulse, std::chrono::milliseconds patience)
    : options_(std::move(options)), pulse_(pulse), patience_(patience) {}

std::unique_ptr<Reader> SqliteSource::Make(SourceOptions options, Pulse& pulse) {
  return std::make_unique<SqliteSource>(std::move(options), pulse);
}

std::string SqliteSource::Library() { return absl::StrCat("SQLite ", sqlite3_libversion()); }

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
  if (!connection_.has_value()) return NotPrepared();
  reader_->EndKept();
  return connection_->Begin();
}

void SqliteSource::Identify(const DescribeAssignment& assignment, Catalog& catalog) const {
  const sqlite::DatabaseFile& file = connection_->file();
  const auto shown = [](const std::string& path) {
    return IsUtf8(path) ? path : absl::CHexEscape(path);
  };
  const sqlite::Identity now{.application_id = connection_->application_id(),
                             .path = shown(file.named),
                             .file = shown(file.below_root)};
  catalog.set_identity(now.Text());
  const auto known = sqlite::ParseIdentity(assignment.known_identity());
  if (!known.has_value()) return;
  catalog.set_identity_change(sqlite::ChangeOf(*known, now));
  catalog.set_same_database(catalog.identity_change().empty());
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
    // Reads the catalog: a file that only starts like a database has none.
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
  bool any = catalog.tables().empty() && !connection_->schema_has_gaps();
  std::vector<std::string> failures;
  for (int at = 0; at < catalog.tables_size(); ++at) {
    if (any && at >= limits::kSqliteTablesInTest) break;
    const absl::Status tried = sqlite::TryTable(*connection_, catalog.tables(at));
    if (absl::IsUnavailable(tried)) return tried;
    any = any || tried.ok();
    if (!tried.ok() && failures.size() < kFailuresInTest) {
      failures.emplace_back(tried.message());
    }
    pulse_.Beat();
  }
  if (any && failures.empty()) return absl::OkStatus();
  if (failures.empty()) failures.assign(catalog.remarks().begin(), catalog.remarks().end());
  const std::string texts = absl::StrJoin(failures, ". ");
  if (!any) return absl::FailedPreconditionError(absl::StrCat("no table can be read: ", texts));
  // A test that passes returns no text.
  options_.log.Warning("the setup test read passes, though some tables cannot be read",
                       {{log_key::kError, texts}});
  return absl::OkStatus();
}

void SqliteSource::AddPageDigests(Catalog& catalog) {
  const auto until = std::chrono::steady_clock::now() + limits::kSqliteDigestTime;
  sqlite::Pages pages(*connection_);
  for (CatalogTable& table : *catalog.mutable_tables()) {
    if (std::chrono::steady_clock::now() >= until) return;
    table.set_page_digest(sqlite::PageDigestOf(pages, table.table()));
    pulse_.Beat();
  }
}

absl::StatusOr<Catalog> SqliteSource::Describe(const DescribeAssignment& assignment) {
  const auto version = Begin();
  if (!version.ok()) return version.status();
  TransactionScope transaction(*connection_);
  Catalog catalog;
  catalog.set_version(*version);
  Identify(assignment, catalog);
  if (!assignment.known_version().empty() && assignment.known_version() == *version) {
    catalog.set_unchanged(true);
  } else {
    const absl::Status status = sqlite::ReadCatalog(*connection_, catalog);
    if (!status.ok()) return status;
    // A commit belongs to the whole file, so all of its tables change together.
    for (CatalogTable& table : *catalog.mutable_tables()) table.set_content(*version);
    // Without a state there is nothing to hold them against.
    if (!assignment.known_identity().empty()) AddPageDigests(catalog);
  }
  const absl::Status ended = transaction.End();
  if (!ended.ok()) return ended;
  return catalog;
}

absl::StatusOr<Slices> SqliteSource::Cut(const CutAssignment& assignment) {
  if (!connection_.has_value()) return NotPrepared();
  reader_->EndKept();
  Slices slices;
  const auto sample_until = std::chrono::steady_clock::now() + limits::kSampleTime;
  // Cuts are estimates, so each turn may see another version.
  for (int at = 0; at < assignment.tables_size();) {
    sqlite::Turns turn(*connection_, /*in_one_piece=*/false);
    absl::Status status = turn.Begin().status();
    while (status.ok() && at < assignment.tables_size() && !turn.over()) {
      const CutAssignment::Table& table = assignment.tables(at++);
      Slices::Table& cut = *slices.add_tables();
      status = sqlite::CutTable(*connection_, table, cut);
      if (status.ok()) sqlite::LookAtSample(*connection_, table, cut, sample_until);
    }
    if (status.ok()) status = turn.End();
    if (!status.ok()) return status;
  }
  return slices;
}

absl::StatusOr<AssignmentEnd> SqliteSource::Read(const ReadAssignment& assignment,
                                                 BatchWriter& writer) {
  if (!connection_.has_value()) return NotPrepared();
  return reader_->Read(assignment, writer);
}

}  // namespace tributary
