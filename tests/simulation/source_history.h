// A source database that changes, and keeps all its versions.
#ifndef TRIBUTARY_TESTS_SIMULATION_SOURCE_HISTORY_H_
#define TRIBUTARY_TESTS_SIMULATION_SOURCE_HISTORY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proto/worker.pb.h"
#include "tests/simulation/content.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/random.h"

namespace tributary::simulation {

// Whether the value fits its column only as STRING.
bool IsMisfit(const std::string& value);

// Whether a row at this place is altered and counted in a remark.
inline bool IsRemarked(int place) { return place % 5 == 0; }

class SourceHistory final : public SimulatedSource {
 public:
  explicit SourceHistory(Random& random);

  void Step(const Faults& faults) override;
  // One commit.
  void Change();
  const std::string& version() const { return version_; }
  std::shared_ptr<const Content> now() const { return now_; }
  const Content& At(const std::string& version) const { return *history_.at(version); }

  Catalog Describe() const;

 private:
  void ChangeRow(Content& content);
  Row MakeRow(const Table& table, int place);
  void Commit(Content content);

  Random& random_;
  std::uint64_t commits_ = 0;
  std::uint64_t values_ = 0;
  std::string version_;
  std::shared_ptr<const Content> now_;
  std::map<std::string, std::shared_ptr<const Content>> history_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_SOURCE_HISTORY_H_
