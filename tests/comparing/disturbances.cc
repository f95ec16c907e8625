// The part of ComparisonLife that disturbs syncs.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/comparing/comparison_life.h"

namespace tributary::tests {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr const char* kBeforeNames[] = {"older state",  "older state and destination",
                                        "digests lost", "digests damaged",
                                        "staging lost", "another disk",
                                        "re-sync",      ""};
constexpr const char* kDuringNames[] = {"worker killed",
                                        "client killed",
                                        "connector killed",
                                        "terminated",
                                        "states not saved",
                                        "writer",
                                        ""};
constexpr int kChangesOfWriter = 5;

}  // namespace

// --- before a sync ------------------------------------------------------------

void ComparisonLife::Prepare(Before before, Dice& dice) {
  const char* const name = kBeforeNames[static_cast<std::size_t>(before)];
  if (*name != '\0') ++figures_[name];
  const auto stopped = [this](const std::function<void()>& act) {
    connector_.Stop();
    act();
    const absl::Status started = connector_.Start();
    ASSERT_TRUE(started.ok()) << started;
  };
  switch (before) {
    case Before::kOlderState:
      return older_states_.PutBack(/*warehouse_too=*/false);
    case Before::kOlderStateAndDestination:
      return older_states_.PutBack(/*warehouse_too=*/true);
    case Before::kDigestsLost:
      return stopped([this] {
        for (const auto& one : fs::directory_iterator(staging())) {
          fs::remove_all(one.path() / "digests");
        }
      });
    case Before::kDigestsDamaged:
      stopped([this, &dice] { DamageDigests(dice); });
      damaged_ = true;
      return;
    case Before::kStagingLost:
      return stopped([this] { fs::remove_all(staging()); });
    case Before::kAnotherDisk:
      stopped([this] {
        const std::string other = dir_ / "other-staging";
        fs::create_directory(other);
        fs::rename(other, dir_ / "third-staging");
        fs::rename(staging(), other);
        fs::rename(dir_ / "third-staging", staging());
      });
      // Saves a state with this disk. Without it, the other disk would not notice later that this
      // disk was used in between.
      GoodSync();
      return;
    case Before::kReSync:
      fs::remove(state());
      older_states_.Forget();
      return;
    case Before::kNothing:
      return;
  }
}

void ComparisonLife::DamageDigests(Dice& dice) {
  std::vector<std::string> files;
  for (const auto& one : fs::directory_iterator(staging())) {
    if (!fs::exists(one.path() / "digests")) continue;
    for (const auto& file : fs::directory_iterator(one.path() / "digests")) {
      if (file.file_size() > 0) files.push_back(file.path());
    }
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) return;
  const std::string& file = files[dice.Below(files.size())];
  const std::uint64_t size = fs::file_size(file);
  if (dice.OneIn(5)) return fs::resize_file(file, dice.Below(size));
  std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
  for (std::uint64_t places = 1 + dice.Below(8); places > 0; --places) {
    bytes.seekp(static_cast<std::streamoff>(dice.Below(size)));
    bytes.put(static_cast<char>(dice.Below(256)));
  }
}

// --- during a sync ------------------------------------------------------------

void ComparisonLife::Disturb(During during, Dice& dice) {
  ++figures_[kDuringNames[static_cast<std::size_t>(during)]];
  std::vector<std::string> flags;
  auto length = sync_length_;
  if (dice.OneIn(2)) flags.emplace_back("--discard-tail");
  if (dice.OneIn(2)) {
    flags.insert(flags.end(), {"--read-delay-ms", "1"});
    length *= 2;
  }
  if (during == During::kStatesNotSaved) {
    flags.insert(flags.end(), {"--save-checkpoint", absl::StrCat(1 + dice.Below(3))});
  }
  const auto moment = std::chrono::duration_cast<milliseconds>(length * dice.Part());
  SyncRun run(Options(flags));
  const auto until = std::chrono::steady_clock::now() + moment;
  while (run.running() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  Strike(during, run, dice);
  const SyncOutcome outcome = run.Wait();
  EXPECT_EQ(outcome.breach(), "") << outcome.text;
  EXPECT_EQ(outcome.task(), "") << outcome.text;
  const bool must_end_well = during == During::kWorkerKilled || during == During::kWriter;
  EXPECT_TRUE(!must_end_well || outcome.ok() || outcome.grpc_code() == "ABORTED" ||
              FoundDamage(outcome))
      << outcome.text;
  if (during != During::kConnectorKilled && during != During::kTerminated) return;
  connector_.Wait();
  const absl::Status started = connector_.Start();
  ASSERT_TRUE(started.ok()) << started;
}

void ComparisonLife::Strike(During during, SyncRun& run, Dice& dice) {
  switch (during) {
    case During::kWorkerKilled: {
      // The supervisor is stopped meanwhile, so that the rows may change before the worker's slice
      // is read again.
      connector_.Signal(SIGSTOP);
      const std::vector<pid_t> workers = connector_.workers();
      if (!workers.empty()) ::kill(workers[dice.Below(workers.size())], SIGKILL);
      if (dice.OneIn(2)) Change(dice, /*while_syncing=*/true);
      connector_.Signal(SIGCONT);
      return;
    }
    case During::kClientKilled:
      return run.Kill();
    case During::kConnectorKilled:
      connector_.Signal(SIGKILL);
      return;
    case During::kTerminated:
      connector_.Signal(SIGTERM);
      return;
    case During::kWriter:
      for (int changes = 0; changes < kChangesOfWriter && run.running(); ++changes) {
        Change(dice, /*while_syncing=*/true);
        std::this_thread::sleep_for(milliseconds(dice.Below(20)));
      }
      return;
    case During::kStatesNotSaved:
    case During::kNothing:
      return;
  }
}

}  // namespace tributary::tests
