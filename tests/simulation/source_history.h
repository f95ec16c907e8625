// A source database that changes, and remembers all that it ever was.
#ifndef TRIBUTARY_TESTS_SIMULATION_SOURCE_HISTORY_H_
#define TRIBUTARY_TESTS_SIMULATION_SOURCE_HISTORY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "proto/worker.pb.h"
#include "supervisor/request/selection.h"

namespace tributary::simulation {

using Random = std::mt19937_64;

inline std::size_t Below(Random& random, std::size_t end) {
  return static_cast<std::size_t>(random() % end);
}
// One time in `n`.
inline bool OneIn(Random& random, std::size_t n) { return Below(random, n) == 0; }

// Column to value, as text.
using Row = std::map<std::string, std::string>;

struct Table {
  // Without a key, rows are known by all their values, and read in one piece.
  bool keyed = true;
  std::vector<std::string> columns;
  // By the place in which they are read.
  std::map<int, Row> rows;
};
using Content = std::map<std::string, Table>;

inline constexpr char kKeyColumn[] = "id";
inline constexpr int kPlaces = 24;
inline constexpr std::size_t kMostTables = 4;

// Does not fit its column until that is sent as STRING.
bool IsMisfit(const std::string& value);

// A row at this place is altered on its way, and remarked.
inline bool IsRemarked(int place) { return place % 5 == 0; }

// What the user leaves out.
struct Choice {
  std::set<std::string> tables;
  // Never kKeyColumn.
  std::set<std::string> columns;
  Selection AsSelection() const;
};

class SourceHistory {
 public:
  explicit SourceHistory(Random& random);

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
