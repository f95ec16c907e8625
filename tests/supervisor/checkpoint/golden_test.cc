// States that earlier builds have saved can still be read, and are written with the same bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/supervisor/checkpoint/sample_states.h"

namespace tributary {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Golden(const std::string& name) {
  return ReadFile(std::filesystem::path(STATE_GOLDEN_DIR) / name);
}

TEST(GoldenState, VersionTwoReadsAndWritesByteForByte) {
  const struct {
    const char* file;
    State state;
  } cases[] = {{"v2_small.json", SmallState()},
               {"v2_copying.json", CopyingState()},
               {"v2_complete.json", CompleteState()},
               {"v2_log.json", LogState()},
               {"v2_hostile.json", HostileState()}};
  for (const auto& [file, state] : cases) {
    const std::string text = Golden(file);
    const absl::StatusOr<State> parsed = ParseState(text);
    ASSERT_TRUE(parsed.ok()) << file << ": " << parsed.status();
    EXPECT_EQ(*parsed, state) << file;
    EXPECT_EQ(SerializeState(state) + "\n", text) << file;
  }
}

TEST(GoldenState, AnotherVersionIsRefusedWithoutAGuess) {
  const struct {
    const char* file;
    const char* version;
  } cases[] = {{"v1_copying.json", "version 1 "}, {"v3_newer.json", "version 3 "}};
  for (const auto& [file, version] : cases) {
    const absl::StatusOr<State> parsed = ParseState(Golden(file));
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kFailedPrecondition) << parsed.status();
    EXPECT_THAT(std::string(parsed.status().message()), testing::HasSubstr(version));
    EXPECT_THAT(std::string(parsed.status().message()),
                testing::HasSubstr("re-sync the connection to start from the beginning"));
  }
}

TEST(GoldenState, EverySeedOfTheFuzzerIsReadOrRefusedAndReadsBackTheSame) {
  int read = 0;
  int refused = 0;
  for (const auto& seed : std::filesystem::directory_iterator(STATE_CORPUS_DIR)) {
    const absl::StatusOr<State> state = ParseState(ReadFile(seed.path()));
    if (!state.ok()) {
      ++refused;
      continue;
    }
    ++read;
    const absl::StatusOr<State> back = ParseState(SerializeState(*state));
    ASSERT_TRUE(back.ok()) << seed.path() << ": " << back.status();
    EXPECT_EQ(*back, *state) << seed.path();
  }
  EXPECT_GT(read, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace tributary
