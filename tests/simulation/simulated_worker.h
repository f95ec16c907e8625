// A worker as the supervisor sees it: a queue of work, a ring of frames, a socket
// of answers. It does one small thing at a time, and may be killed between any
// two; what it wrote stays to be read.
#ifndef TRIBUTARY_TESTS_SIMULATION_SIMULATED_WORKER_H_
#define TRIBUTARY_TESTS_SIMULATION_SIMULATED_WORKER_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/plan/scheduler.h"
#include "tests/simulation/source_history.h"

namespace tributary::simulation {

struct Frame {
  enum class Type { kOpen, kBatch, kMark, kEnd };
  Type type = Type::kBatch;
  std::uint32_t assignment = 0;
  std::vector<Row> rows;
  std::string at;
  std::string version;
  ReadEnd::Outcome outcome = ReadEnd::DONE;
  std::vector<std::string> widen;
};

struct Answer {
  std::uint32_t assignment = 0;
  // Without: cutting failed.
  std::optional<Slices> slices;
};

// What goes wrong in one sync.
struct Faults {
  bool source_changes = false;
  bool workers_die = false;
  bool cuts_are_wrong = false;
  bool supervisor_dies = false;
  bool disk_fails = false;
  // Reading this place of this table ends the worker.
  std::string poison_table;
  int poison_place = -1;
};

struct Given {
  std::uint32_t id = 0;
  Work work;
  // Of a read: what the assignment says of the table.
  std::string table;
  std::vector<fivetran_sdk::v2::Column> columns;
  // Of a cut, each one's.
  std::vector<std::string> tables;
};

class SimulatedWorker {
 public:
  SimulatedWorker(Random& random, const SourceHistory& source, const Faults& faults)
      : random_(random), source_(source), faults_(faults) {}

  void Give(Given given) { queue_.push_back(std::move(given)); }
  void PauseThrough(std::uint32_t id) { pause_through_ = std::max(pause_through_, id); }
  void Step();
  void Kill() { alive_ = false; }

  bool alive() const { return alive_; }
  std::deque<Frame>& ring() { return ring_; }
  std::deque<Answer>& answers() { return answers_; }

 private:
  // A read in its transaction.
  struct Reading {
    std::string version;
    std::shared_ptr<const Content> content;
    int next = 0;
    bool owes_mark = false;
    bool marked_end = false;
  };

  void Cut(const Given& given);
  void CutRange(const BoundRange& range, Slices::Table& out);
  void Spoil(Slices& slices);
  void Read(const Given& given);
  void Mark(std::uint32_t assignment, const std::string& at);
  void EndRead(const Given& given, ReadEnd::Outcome outcome, std::vector<std::string> widen = {});

  Random& random_;
  const SourceHistory& source_;
  const Faults& faults_;
  bool alive_ = true;
  std::uint32_t pause_through_ = 0;
  std::deque<Given> queue_;
  std::optional<Reading> reading_;
  std::deque<Frame> ring_;
  std::deque<Answer> answers_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_SIMULATED_WORKER_H_
