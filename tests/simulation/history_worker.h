// The worker of a SourceHistory: describes it, cuts its tables and reads slices.
#ifndef TRIBUTARY_TESTS_SIMULATION_HISTORY_WORKER_H_
#define TRIBUTARY_TESTS_SIMULATION_HISTORY_WORKER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tests/simulation/simulated_worker.h"
#include "tests/simulation/source_history.h"

namespace tributary::simulation {

class HistoryWorker final : public SimulatedWorker {
 public:
  HistoryWorker(World& world, const SourceHistory& source)
      : SimulatedWorker(world), source_(source) {}

 private:
  // A read within its transaction.
  struct Reading {
    std::string version;
    std::shared_ptr<const Content> content;
    int next = 0;
    bool owes_mark = false;
    bool marked_end = false;
    // Since the last mark.
    std::uint64_t remarked = 0;
  };

  void Work(const Assignment& assignment) override;
  void Describe(const Assignment& assignment);
  void Cut(const Assignment& assignment);
  bool HoldsMisfit(const std::string& table, const std::string& column);
  void Read(const Assignment& assignment);
  void PublishOpened(std::uint32_t assignment);
  void PublishMark(std::uint32_t assignment, const std::string& at);
  void EndRead(std::uint32_t assignment, AssignmentEnd::Outcome outcome,
               const std::string& widen = "");

  const SourceHistory& source_;
  std::optional<Reading> reading_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_HISTORY_WORKER_H_
