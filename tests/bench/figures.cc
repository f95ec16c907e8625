#include "tests/bench/figures.h"

#include <cstdint>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace tributary::bench {
namespace {

constexpr std::uint64_t kMostPrivateBytes = std::uint64_t{150} << 20;

constexpr std::uint64_t kSampleBytes = 48'000'000;

}  // namespace

SyncSubject SubjectOf(const std::string& sqlite_file) {
  const std::filesystem::path path(sqlite_file);
  return {.folder = path.parent_path().string(), .file = path.filename().string()};
}

StageCosts Sample(const SyncSubject& subject) {
  return MeasureStages(SampleOfStream(subject, kSampleBytes), subject.folder + "/stages");
}

void AddRatio(Bench& bench, const std::string& work, const Against& both, double most) {
  bench.report.Add({.work = work,
                    .baseline = Seconds(both.bare.seconds),
                    .ours = Seconds(both.ours.seconds),
                    .ratio = Ratio(both.ratio()),
                    .goal = absl::StrCat("<= ", Ratio(most)),
                    .met = both.ratio() <= most});
}

void AddMemory(Bench& bench, const std::string& work, const SyncCost& cost) {
  const auto add = [&](const char* process, std::uint64_t peak) {
    bench.report.Add({.work = absl::StrCat(work, ": peak memory of ", process, ", rings left out"),
                      .baseline = "",
                      .ours = MiB(peak),
                      .ratio = "",
                      .goal = absl::StrCat("<= ", MiB(kMostPrivateBytes)),
                      .met = peak <= kMostPrivateBytes});
  };
  add("the supervisor", cost.supervisor_peak_bytes);
  add("a worker", cost.worker_peak_bytes);
}

}  // namespace tributary::bench
