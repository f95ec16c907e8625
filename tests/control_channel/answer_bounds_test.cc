#include "common/answer_bounds.h"

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>

#include "absl/strings/match.h"

namespace tributary {
namespace {

using Random = std::mt19937_64;

const google::protobuf::Descriptor& Type() { return *FromWorker::descriptor(); }

bool Takes(std::string_view bytes, std::size_t most) {
  return CheckElements(Type(), bytes, most).ok();
}

std::string Text(Random& random) { return std::string(random() % 4, 't'); }

// A message with the number of its elements.
std::pair<FromWorker, std::size_t> AnyCatalog(Random& random) {
  FromWorker answer;
  answer.set_assignment(static_cast<std::uint32_t>(random()));
  Catalog& catalog = *answer.mutable_catalog();
  std::size_t elements = 1;
  catalog.set_version(Text(random));
  catalog.set_unchanged(random() % 2 == 0);
  for (std::size_t tables = random() % 5; tables > 0; --tables, ++elements) {
    CatalogTable& table = *catalog.add_tables();
    table.set_table(Text(random));
    table.set_estimated_bytes(random() >> (random() % 64));
    for (std::size_t columns = random() % 5; columns > 0; --columns, ++elements) {
      auto& column = *table.add_columns();
      column.set_name(Text(random));
      column.set_type(fivetran_sdk::v2::DECIMAL);
      if (random() % 2 == 0) continue;
      column.mutable_params()->mutable_decimal()->set_precision(9);
      elements += 2;
    }
  }
  for (std::size_t remarks = random() % 5; remarks > 0; --remarks, ++elements) {
    catalog.add_remarks(Text(random));
  }
  return {answer, elements};
}

std::pair<FromWorker, std::size_t> AnySlices(Random& random) {
  FromWorker answer;
  Slices& slices = *answer.mutable_slices();
  std::size_t elements = 1;
  for (std::size_t tables = random() % 5; tables > 0; --tables, ++elements) {
    Slices::Table& table = *slices.add_tables();
    for (std::size_t count = random() % 5; count > 0; --count, elements += 2) {
      table.add_slices()->set_from(Text(random));
      table.add_estimated_bytes(random() >> (random() % 64));
    }
  }
  return {answer, elements};
}

TEST(AnswerBoundsTest, EveryElementOfASoundMessageIsCountedOnce) {
  Random random(7);
  for (int round = 0; round < 2000; ++round) {
    const auto [message, elements] = round % 2 == 0 ? AnyCatalog(random) : AnySlices(random);
    const std::string bytes = message.SerializeAsString();
    EXPECT_TRUE(Takes(bytes, elements)) << message.ShortDebugString();
    EXPECT_FALSE(Takes(bytes, elements - 1)) << message.ShortDebugString();
    EXPECT_TRUE(IsWithin({bytes.size(), elements}, message));
    EXPECT_FALSE(IsWithin({bytes.size() - 1, elements}, message));
    EXPECT_FALSE(IsWithin({bytes.size(), 0}, message));
  }
}

TEST(AnswerBoundsTest, WhatIsTakenOfSpoiledBytesParsesToNoMore) {
  Random random(8);
  // It says of each text that is not UTF-8 that it is none.
  const google::protobuf::LogSilencer silence;
  int taken = 0;
  for (int round = 0; round < 100'000; ++round) {
    const auto [message, elements] = round % 2 == 0 ? AnyCatalog(random) : AnySlices(random);
    std::string bytes = message.SerializeAsString();
    for (std::size_t spoils = 1 + random() % 3; spoils > 0; --spoils) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
      if (random() % 8 == 0) bytes.resize(1 + random() % bytes.size());
    }
    if (!Takes(bytes, elements)) continue;
    FromWorker parsed;
    if (!parsed.ParseFromString(bytes)) continue;
    ++taken;
    // Nothing that is not known is kept, and what is kept was counted.
    ASSERT_TRUE(Takes(parsed.SerializeAsString(), elements)) << parsed.ShortDebugString();
  }
  EXPECT_GT(taken, 1000);
}

TEST(AnswerBoundsTest, SmallestElementsOfALargeMessageAreTooMany) {
  // The tables of slices, those of a catalog, its remarks.
  for (const auto& [answer, element] :
       {std::pair('\x2a', '\x0a'), std::pair('\x22', '\x22'), std::pair('\x22', '\x2a')}) {
    std::string bytes{answer, '\x80', '\x80', '\x80', '\x10'};
    for (std::size_t i = 0; i < 16 * limits::kMiB; ++i) bytes.append({element, '\0'});
    const absl::Status taken = CheckElements(Type(), bytes, limits::kMaxCatalogElements);
    EXPECT_TRUE(absl::StrContains(taken.message(), "elements")) << taken;
  }
}

TEST(AnswerBoundsTest, WhatASoundWorkerNeverSaysIsNoMessage) {
  for (const std::string& bytes :
       {// A field that is not known, by itself and within a catalog; a group.
        std::string("\xf8\x01\x01"), std::string("\x22\x03\xf8\x01\x01"), std::string("\x0b\x0c"),
        // A field of another wire type, or number 0.
        std::string("\x0a\x01\x01"), std::string("\0\0", 2),
        // Lengths that reach beyond the message, or beyond what surrounds it.
        std::string("\x22\x05\x0a"), std::string("\x22\x04\x0a\x7f\x0a\x00", 6),
        std::string("\x22\xff\xff\xff\xff\x0f"),
        // Numbers that do not end.
        std::string("\x08\xff"), std::string("\x08") + std::string(11, '\xff')}) {
    EXPECT_FALSE(Takes(bytes, 1000)) << bytes.size();
  }
  EXPECT_TRUE(Takes("", 0));
}

TEST(AnswerBoundsTest, WhatIsPackedIsCountedByItsValues) {
  // In slices, a table of five estimates.
  const std::string bytes("\x2a\x09\x0a\x07\x12\x05\1\2\3\4\5");
  EXPECT_TRUE(Takes(bytes, 7));
  EXPECT_FALSE(Takes(bytes, 6));
}

TEST(AnswerBoundsTest, AnAnswerIsBoundedByWhatWasAsked) {
  EXPECT_EQ(BoundsFor(Assignment::kDescribe).bytes, limits::kMaxControlMessageBytes);
  EXPECT_EQ(BoundsFor(Assignment::kSlice).bytes, limits::kMaxSlicesBytes);
  EXPECT_EQ(BoundsFor(Assignment::kTest).bytes, limits::kMaxPlainAnswerBytes);
  EXPECT_EQ(BoundsFor(Assignment::WORK_NOT_SET).bytes, limits::kMaxPlainAnswerBytes);
  EXPECT_LT(limits::kMaxFailureBytes, limits::kMaxPlainAnswerBytes);
}

}  // namespace
}  // namespace tributary
