#include "worker/sources/postgresql/source.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "worker/encoder/batch_writer.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/catalog.h"
#include "worker/sources/postgresql/following.h"
#include "worker/sources/postgresql/server_error.h"
#include "worker/sources/postgresql/slices.h"
#include "worker/wait.h"

namespace tributary {

using postgresql::Access;
using postgresql::Session;

namespace {

// Tables of which the setup test reads a row, until one can be read.
constexpr int kTablesInTest = 100;
// Tables that cannot be read, of which the setup test says why.
constexpr std::size_t kFailuresInTest = 5;

// What tells the database of `known` from that of `now`, for people; both are "postgresql",
// the server's identifier and the database's name. Empty where they are the same, or `known` is
// none.
std::string IdentityChange(const std::string& known, const std::string& now) {
  const std::vector<std::string> before = absl::StrSplit(known, absl::MaxSplits(':', 2));
  const std::vector<std::string> after = absl::StrSplit(now, absl::MaxSplits(':', 2));
  if (before.size() != after.size() || known == now) return "";
  if (before[1] != after[1]) {
    return absl::StrCat("the server is another one, or was initialized again: its identifier was ",
                        before[1], " and is ", after[1]);
  }
  return absl::StrCat("`database` was ", before[2], " and is ", after[2]);
}

absl::Status NotPrepared() {
  return absl::FailedPreconditionError("open database: the source was not prepared");
}

}  // namespace

PostgresqlSource::PostgresqlSource(SourceOptions options, Pulse& pulse,
                                   std::chrono::milliseconds patience)
    : options_(std::move(options)), pulse_(pulse), patience_(patience) {}

std::unique_ptr<Reader> PostgresqlSource::Make(SourceOptions options, Pulse& pulse) {
  return std::make_unique<PostgresqlSource>(std::move(options), pulse);
}

std::string PostgresqlSource::Library() {
  constexpr int kMajor = 10'000;
  return absl::StrCat("libpq ", PQlibVersion() / kMajor, ".", PQlibVersion() % kMajor);
}

absl::StatusOr<SourceNeeds> PostgresqlSource::Prepare() {
  auto settings = postgresql::ReadSettings(options_.configuration);
  if (!settings.ok()) return settings.status();
  settings_ = *std::move(settings);
  const auto link_local =
      postgresql::AllowsLinkLocal(options_.operator_settings[postgresql::kLinkLocalSetting]);
  if (!link_local.ok()) return link_local.status();
  auto login = postgresql::PreparedLogin::Make(settings_.login, *link_local);
  if (!login.ok()) return login.status();
  reader_.reset();
  session_.reset();
  login_ = *std::move(login);
  session_.emplace(*login_, pulse_, patience_);
  reader_.emplace(*session_, types_, pulse_, patience_);
  auto retained =
      postgresql::RetainedBytes(options_.operator_settings[postgresql::kRetainedSetting]);
  if (!retained.ok()) return retained.status();
  follower_.reset();
  if (!settings_.follows) return SourceNeeds{.tcp_ports = {settings_.login.port}};
  follower_.emplace(
      settings_, *login_, pulse_,
      postgresql::FollowOptions{
          .patience = patience_, .max_retained_bytes = *retained, .log = options_.log});
  return SourceNeeds{.tcp_ports = {settings_.login.port}};
}

absl::Status PostgresqlSource::Test(std::string_view name) {
  if (!session_.has_value()) return NotPrepared();
  if (name == kConnectTest) {
    const absl::Status begun = session_->Begin();
    if (begun.ok()) session_->End();
    return begun;
  }
  if (name == kReadTest) return TryReading();
  if (name == postgresql::kFollowTest) {
    // Nothing is followed, so nothing is missing.
    if (!settings_.follows) return absl::OkStatus();
    return postgresql::TryFollowing(*session_, *login_, settings_, pulse_, patience_);
  }
  return absl::InvalidArgumentError(absl::StrCat("run setup test: there is none named \"",
                                                 std::string(name.substr(0, 64)),
                                                 "\"; postgresql has connect, read and follow"));
}

absl::Status PostgresqlSource::TryReading() {
  auto catalog = Describe({});
  if (!catalog.ok()) return catalog.status();
  bool any = catalog->tables().empty() && catalog->remarks().empty();
  std::vector<std::string> failures(catalog->remarks().begin(), catalog->remarks().end());
  for (int at = 0; at < catalog->tables_size() && at < kTablesInTest && !any; ++at) {
    const absl::Status tried = TryTable(catalog->tables(at));
    if (absl::IsFailedPrecondition(tried)) return tried;
    any = tried.ok();
    if (!any && failures.size() < kFailuresInTest) failures.emplace_back(tried.message());
    pulse_.Beat();
  }
  if (any && failures.empty()) return absl::OkStatus();
  const std::string texts = absl::StrJoin(failures, ". ");
  if (!any) return absl::FailedPreconditionError(absl::StrCat("no table can be read: ", texts));
  // A test that passes has no words of its own.
  options_.log.Warning("the setup test read passes; there are remarks on some tables",
                       {{log_key::kError, texts}});
  return absl::OkStatus();
}

absl::Status PostgresqlSource::TryTable(const CatalogTable& table) {
  const absl::Status begun = session_->Begin(Session::Isolation::kReadCommitted);
  if (!begun.ok()) return begun;
  const std::string name = postgresql::Quoted(table.schema(), table.table());
  const absl::Status tried =
      session_->Query(absl::StrCat("SELECT FROM ", name, " LIMIT 1"), "read table " + name)
          .status();
  session_->End();
  return tried;
}

template <typename Question>
auto PostgresqlSource::Persist(Question question) {
  Patience patience(pulse_, patience_);
  for (;;) {
    auto answer = question();
    if (!absl::IsUnavailable(answer.status()) || !patience.Wait()) return answer;
  }
}

absl::StatusOr<Catalog> PostgresqlSource::Describe(const DescribeAssignment& assignment) {
  if (!session_.has_value()) return NotPrepared();
  return Persist([&] { return DescribeOnce(assignment); });
}

absl::StatusOr<Catalog> PostgresqlSource::DescribeOnce(const DescribeAssignment& assignment) {
  const absl::Status begun = session_->Begin();
  if (!begun.ok()) return begun;
  Catalog catalog;
  const absl::Status status = postgresql::ReadCatalog(*session_, types_, settings_, catalog);
  session_->End();
  if (!status.ok()) return status;
  catalog.set_identity_change(IdentityChange(assignment.known_identity(), catalog.identity()));
  return catalog;
}

absl::StatusOr<Slices> PostgresqlSource::Cut(const CutAssignment& assignment) {
  if (!session_.has_value()) return NotPrepared();
  return Persist([&] { return postgresql::CutTables(*session_, assignment); });
}

void PostgresqlSource::Expect(std::vector<const ReadAssignment*> next) {
  if (reader_.has_value()) reader_->Expect(std::move(next));
}

absl::StatusOr<AssignmentEnd> PostgresqlSource::Read(const ReadAssignment& assignment,
                                                     BatchWriter& writer) {
  if (!reader_.has_value()) return NotPrepared();
  return reader_->Read(assignment, writer);
}

}  // namespace tributary
