#include "worker/compare/row_digest.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/worker/encoder/ring_reading.h"
#include "worker/compare/content_sum.h"
#include "worker/compare/spelled_value.h"
#include "worker/encoder/row_judge.h"

namespace tributary {
namespace {

struct Digested {
  std::string key;
  RowDigest digest{};
};

class Collector final : public RowJudge {
 public:
  bool Keep(const TableShape& shape, std::string_view entries) override {
    const auto row = digester_.Digest(shape, entries);
    EXPECT_TRUE(row.has_value());
    if (row.has_value()) rows.push_back({std::string(row->key), row->digest});
    return false;
  }
  bool has_intents() const override { return false; }
  void TellIntents() override {}
  void BeforeMark(std::string_view) override {}
  bool marks() const override { return true; }
  bool MarkDue() const override { return false; }

  std::vector<Digested> rows;

 private:
  RowDigester digester_{std::string(kDigestSecretBytes, 's')};
};

// The digest of a row with the columns k and v: `write` writes k, and v is null.
Digested DigestOf(const std::function<void(BatchWriter&)>& write,
                  const std::vector<std::size_t>& keys = {0}) {
  Collector collector;
  const TableShape shape("main", "t", {"k", "v"}, keys);
  RingReading("main", "t", {"k", "v"}, [&](TableWriter& writer) {
    writer.Judge(&collector);
    static_cast<BatchWriter&>(writer).BeginRow(shape);
    write(writer);
    writer.Null(1);
    writer.EndRow();
    writer.Flush();
  });
  EXPECT_EQ(collector.rows.size(), 1u);
  return collector.rows.empty() ? Digested() : collector.rows.front();
}

Digested OfDecimal(const std::string& digits) {
  return DigestOf([&digits](BatchWriter& writer) { writer.Decimal(0, digits); });
}

TEST(RowDigest, KeysAreHeldAgainstEachOtherByTheirBytes) {
  EXPECT_NE(OfDecimal("1.50").key, OfDecimal("1.5").key);
}

TEST(SpelledValue, IsTheSameForNumbersThatADestinationMayTakeForOne) {
  const auto of_decimal = [](const std::string& digits) {
    return SpelledValue(OfDecimal(digits).key);
  };
  for (const char* const same : {"1.50", "1.500", "1.5"}) {
    EXPECT_EQ(of_decimal(same), of_decimal("1.5")) << same;
  }
  EXPECT_EQ(of_decimal("100.000"), of_decimal("100"));
  EXPECT_NE(of_decimal("100"), of_decimal("1"));
  EXPECT_NE(of_decimal("-1.5"), of_decimal("1.5"));
  EXPECT_NE(of_decimal("1.05"), of_decimal("1.5"));
  const auto of_double = [](double value) {
    return SpelledValue(DigestOf([value](BatchWriter& writer) { writer.Double(0, value); }).key);
  };
  const auto of_float = [](float value) {
    return SpelledValue(DigestOf([value](BatchWriter& writer) { writer.Float(0, value); }).key);
  };
  EXPECT_EQ(of_double(-0.0), of_double(0.0));
  EXPECT_EQ(of_float(-0.0F), of_float(0.0F));
  EXPECT_NE(of_double(-1.0), of_double(1.0));
  EXPECT_NE(of_double(-2.0), of_double(0.0));
}

TEST(SpelledValue, IsNoneWhereEachValueHasOneSpelling) {
  const auto text = DigestOf([](BatchWriter& writer) { writer.String(0, "1.50"); });
  const auto number = DigestOf([](BatchWriter& writer) { writer.Long(0, 150); });
  EXPECT_EQ(SpelledValue(text.key), std::nullopt);
  EXPECT_EQ(SpelledValue(number.key), std::nullopt);
}

TEST(RowDigest, WithoutAKeyTheSumIsOfRowsInAnyOrderAndCountsEqualOnes) {
  const auto row = [](int value) {
    return DigestOf([value](BatchWriter& writer) { writer.Int(0, value); }, {});
  };
  EXPECT_EQ(row(1).key, "");
  const auto sum = [&row](const std::vector<int>& values) {
    ContentSum content;
    for (const int value : values) content.Add(row(value).digest);
    return content;
  };
  EXPECT_EQ(sum({1, 2, 3}), sum({3, 1, 2}));
  EXPECT_NE(sum({1, 2, 3}), sum({1, 2, 2}));
  EXPECT_NE(sum({1, 1}), sum({1}));
  EXPECT_NE(sum({1, 1}), sum({2, 2}));
  EXPECT_NE(sum({}), sum({1}));
  // Adding the sum of a part equals adding the rows of the part.
  ContentSum parts = sum({1, 2});
  parts.Add(sum({3}).digest());
  EXPECT_EQ(parts, sum({1, 2, 3}));
}

}  // namespace
}  // namespace tributary
