// The engine "postgresql": one database of a server, read only.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SOURCE_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SOURCE_H_

#include <chrono>
#include <memory>
#include <optional>

#include "common/limits.h"
#include "worker/sources/postgresql/log_follower.h"
#include "worker/sources/postgresql/reader.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/setup.h"
#include "worker/sources/postgresql/type_lookup.h"
#include "worker/sources/source.h"

namespace tributary {

class PostgresqlSource : public Reader {
 public:
  // `patience`: how long locks and passing failures are waited for. `pulse` outlives the
  // source.
  PostgresqlSource(SourceOptions options, Pulse& pulse,
                   std::chrono::milliseconds patience =
                       std::chrono::milliseconds(limits::kSourcePatienceMilliseconds));

  static std::unique_ptr<Reader> Make(SourceOptions options, Pulse& pulse);
  // As Engine has it.
  static std::string Library();

  absl::StatusOr<SourceNeeds> Prepare() override;
  absl::Status Test(std::string_view name) override;
  absl::StatusOr<Catalog> Describe(const DescribeAssignment& assignment) override;
  absl::StatusOr<Slices> Cut(const CutAssignment& assignment) override;
  void Expect(std::vector<const ReadAssignment*> next) override;
  absl::StatusOr<AssignmentEnd> Read(const ReadAssignment& assignment,
                                     BatchWriter& writer) override;
  ChangeLog* log() override { return follower_.has_value() ? &*follower_ : nullptr; }

 private:
  // Asks again what failed for the moment, for as long as there is patience.
  template <typename Question>
  auto Persist(Question question);
  absl::StatusOr<Catalog> DescribeOnce(const DescribeAssignment& assignment);
  absl::Status TryReading();
  absl::Status TryTable(const CatalogTable& table);

  SourceOptions options_;
  Pulse& pulse_;
  std::chrono::milliseconds patience_;
  postgresql::Settings settings_;
  // Nothing before Prepare.
  std::optional<postgresql::PreparedLogin> login_;
  std::optional<postgresql::Session> session_;
  postgresql::TypeLookup types_;
  std::optional<postgresql::SliceReader> reader_;
  std::optional<postgresql::LogFollower> follower_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SOURCE_H_
