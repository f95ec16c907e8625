// Writes and expands the golden file of the compact form, and refuses bytes that are not a compact
// form. tests/worker/encoder tests that every batch of the encoder is the same after it was written
// in the compact form and expanded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <string_view>

#include "common/batch/compact_expansion.h"
#include "common/batch/compact_writer.h"
#include "common/limits.h"

namespace tributary {
namespace {

using ::testing::HasSubstr;

std::string ReadFile(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The bytes of one part of the golden file: lines of hexadecimal pairs, with a comment after more
// than two spaces, until an empty line.
std::string Golden(std::string_view part) {
  std::istringstream file(ReadFile(BATCH_GOLDEN_FILE));
  std::string line;
  while (line != part && std::getline(file, line)) {
  }
  std::string bytes;
  while (std::getline(file, line) && !line.empty()) {
    std::istringstream pairs(line.substr(0, line.find("   ")));
    for (std::string pair; pairs >> pair;) {
      bytes.push_back(static_cast<char>(std::strtol(pair.c_str(), nullptr, 16)));
    }
  }
  return bytes;
}

void WriteFields(CompactWriter& writer, std::initializer_list<std::string_view> fields) {
  std::size_t column = 0;
  for (const std::string_view field : fields) {
    char* const at = writer.Field(column++, field.size());
    ASSERT_NE(at, nullptr);
    std::memcpy(at, field.data(), field.size());
  }
  writer.KeepRow();
}

absl::StatusOr<std::string> Expanded(std::string_view compact) {
  const auto size = ExpandedBytes(compact);
  if (!size.ok()) return size.status();
  // Allocated with exactly this size, so that the sanitizer finds a write past the end.
  const auto batch = std::make_unique<char[]>(*size);
  const absl::Status done = ExpandCompactBatch(compact, batch.get());
  if (!done.ok()) return done;
  return std::string(batch.get(), *size);
}

TEST(CompactFormTest, WritesTheGoldenFile) {
  const auto shape = std::make_shared<const CompactTemplate>(
      std::string_view("\x0a\1s\x12\1t"),
      std::vector<std::string>{"\x0a\2id\x12", "\x0a\4name\x12"});
  CompactWriter writer;
  for (const auto& fields : {std::initializer_list<std::string_view>{"\x28\1", "\x6a\1a"},
                             {"\x28\2", "\x08\1"},
                             {"\x28\3", "\x6a\2bc"}}) {
    writer.BeginRow(shape);
    WriteFields(writer, fields);
  }
  constexpr std::size_t kRecordsBytes = 93;
  std::string compact(writer.Bytes(kRecordsBytes), '\0');
  writer.Put(kRecordsBytes, compact.data());
  EXPECT_EQ(compact, Golden("compact"));
}

TEST(CompactFormTest, ExpandsTheGoldenFile) {
  const auto batch = Expanded(Golden("compact"));
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(*batch, Golden("batch"));
}

TEST(CompactFormTest, TheGoldenFileIsTheExampleOfTheFormat) {
  ASSERT_FALSE(ReadFile(BATCH_GOLDEN_FILE).empty());
  EXPECT_THAT(ReadFile(BATCH_FORMAT_FILE), HasSubstr(ReadFile(BATCH_GOLDEN_FILE)));
}

TEST(CompactFormTest, WhatIsNoneIsRefusedByWhatIsWrongWithIt) {
  const std::string whole = Golden("compact");
  const auto with = [&whole](std::size_t at, char byte) {
    std::string bytes = whole;
    bytes[at] = byte;
    return bytes;
  };
  struct Case {
    std::string bytes;
    const char* error;
  };
  const std::size_t first_row = whole.size() - 15;
  const Case cases[] = {
      {"", "states an impossible size"},
      {whole.substr(0, 3), "states an impossible size"},
      {with(3, '\x7f'), "states an impossible size"},
      {whole.substr(0, 20), "has no template"},
      {with(4, '\0'), "has no template"},
      {with(7, '\x7f'), "has no template"},
      // Wire type 3; a text whose length never ends.
      {with(first_row, '\x2b'), "holds a value that is no field"},
      {whole.substr(0, first_row) + "\x6a\xff\xff\xff\xff\xff", "holds a value that is no field"},
      {whole.substr(0, whole.size() - 1), "holds a value that is no field"},
      {whole + "\x28\4\x08\1", "expands to more than it states"},
      {whole.substr(0, whole.size() - 6), "expands to less than it states"},
  };
  for (const Case& one : cases) {
    const auto expanded = Expanded(one.bytes);
    EXPECT_EQ(expanded.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(expanded.status().message()), HasSubstr(one.error));
  }
}

TEST(CompactFormTest, ExpandingTakesAnyBytesWithoutHarm) {
  const std::string whole = Golden("compact");
  std::mt19937_64 random(7);
  int refused = 0;
  constexpr int kTries = 20'000;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    std::string damaged =
        whole.substr(0, attempt % 3 == 0 ? random() % whole.size() : whole.size());
    for (int change = attempt % 4; change > 0 && !damaged.empty(); --change) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (!Expanded(damaged).ok()) ++refused;
  }
  EXPECT_GT(refused, kTries / 4);
}

}  // namespace
}  // namespace tributary
