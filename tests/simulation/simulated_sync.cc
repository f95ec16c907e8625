#include "tests/simulation/simulated_sync.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/staging/staging.h"
#include "supervisor/sync/sync.h"

namespace tributary::simulation {
namespace {

constexpr char kConnection[] = "00112233445566778899aabbccddeeff";
constexpr std::uint64_t kTightStagingBytes = 400 * limits::kKiB;
constexpr std::uint64_t kAmpleStagingBytes = 1024 * limits::kMiB;

Settings SettingsFor(Random& random, const Faults& faults, const std::string& staging_dir) {
  Settings settings;
  settings.workers = 1 + Below(random, 4);
  settings.staging_dir = staging_dir;
  settings.staging_limit_bytes = faults.staging_is_tight ? kTightStagingBytes : kAmpleStagingBytes;
  settings.checkpoint_interval =
      std::chrono::milliseconds(Below(random, OneIn(random, 2) ? 400 : 4000));
  return settings;
}

// When a checkpoint is sent, it must be staged: another process that opens the disk as it is now
// can replay everything before it. Empty, or why it cannot.
std::string NotStaged(const std::string& staging_dir, const State& state,
                      std::uint64_t after_position) {
  const std::string copy = absl::StrCat(staging_dir, ".seen");
  std::filesystem::copy(staging_dir, copy, std::filesystem::copy_options::recursive);
  std::string why;
  {
    const auto store = StagingStore::Open(
        {.root = copy, .connection = kConnection, .limit_bytes = kAmpleStagingBytes});
    if (!store.ok()) {
      why = std::string(store.status().message());
    } else {
      const auto replay = (*store)->OpenReplay(state.epoch, state.staging_key, after_position);
      if (!replay.ok()) {
        why = std::string(replay.status().message());
      } else if ((*replay)->last_checkpoint().position < state.position) {
        why = "staging ends before it";
      }
    }
  }
  std::filesystem::remove_all(copy);
  return why;
}

// Advances with the world's steps, and starts at one hour.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(const World& world) : world_(world) {}
  time_point Now() const override { return world_.now(); }
  std::chrono::system_clock::time_point WallNow() const override {
    return std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(
            world_.now().time_since_epoch()));
  }

 private:
  const World& world_;
};

}  // namespace

SyncResult RunSync(Surroundings& surroundings, Metrics& metrics, const Cast& cast,
                   const Choice& choice, const std::string& state_json, const Faults& faults) {
  SyncResult result;
  auto state = ParseState(state_json);
  if (!state.ok()) {
    result.broken = std::string(state.status().message());
    return result;
  }
  World world(surroundings.random, surroundings.source, surroundings.batches, surroundings.disk,
              faults);
  const std::shared_ptr<SimulatedClient> client = cast.client(world, *state);
  world.client_step = [&client] { client->Step(); };
  client->on_checkpoint = [&](const State& sent, std::uint64_t after_position) {
    if (!world.disk_is_good() || !OneIn(surroundings.random, 30)) return;
    ++result.staged_checkpoints;
    const std::string why = NotStaged(surroundings.staging_dir, sent, after_position);
    if (!why.empty()) world.Break(absl::StrCat("a checkpoint leaves that is not staged: ", why));
  };

  const Settings settings = SettingsFor(surroundings.random, faults, surroundings.staging_dir);
  std::atomic<bool> draining = false;
  SyncWorld outside;
  outside.start_worker = [&world, &cast](int, const Opening&, Metrics&) {
    return cast.worker(world);
  };
  outside.disk = &surroundings.disk;
  const SimulatedClock clock(world);
  outside.clock = &clock;
  outside.write_window_bytes =
      faults.staging_is_tight ? 64 * limits::kKiB : 256U << Below(surroundings.random, 5);
  outside.random_bytes = [&surroundings](std::size_t count) {
    std::string bytes(count, '\0');
    for (char& byte : bytes) byte = static_cast<char>(surroundings.random());
    return bytes;
  };
  outside.run_stager = [&world](Stager& stager) { return world.RunStager(stager); };
  StatusBoard board(metrics, /*table_metrics=*/3, *outside.clock);
  auto sync =
      std::make_unique<Sync>(settings, board,
                             SyncRequest{.connection = {.source = "simulated", .id = kConnection},
                                         .configuration = {},
                                         .selection = choice.AsSelection(),
                                         .state = *std::move(state),
                                         .state_json = state_json},
                             client, draining, *Doorbell::Make(), std::move(outside));
  world.wake = [&sync] { sync->Wake(); };
  world.drain = [&draining] { draining = true; };
  result.status = sync->Run();
  world.wake = [] {};
  sync.reset();
  result.killed = world.killed();
  result.replayed = client->replayed();
  result.received = client->received();
  result.broken = world.broken();
  surroundings.disk.FailAt(FaultEnv::kNever, false);
  return result;
}

}  // namespace tributary::simulation
