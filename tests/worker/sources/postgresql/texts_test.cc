// Numbers and JSON texts as numeric and jsonb print them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "common/limits.h"
#include "worker/sources/postgresql/json_text.h"
#include "worker/sources/postgresql/numbers.h"

namespace tributary::postgresql {
namespace {

std::string Plain(std::string_view number) {
  std::string out;
  return AppendPlainNumber(number, out) ? out : "refused";
}

TEST(PlainNumberTest, HasAllItsDigitsAndNoExponent) {
  const struct {
    const char* number;
    const char* plain;
  } cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"-0.00", "0.00"},
      {"1", "1"},
      {"-12.50", "-12.50"},
      {"1e3", "1000"},
      {"1E+3", "1000"},
      {"1.25e1", "12.5"},
      {"1.25e2", "125"},
      {"1.25e5", "125000"},
      {"1.5e-3", "0.0015"},
      {"12e-1", "1.2"},
      {"12e-4", "0.0012"},
      {"0.10e1", "1.0"},
      {"0.001e2", "0.1"},
      {"0e5", "0"},
      {"0e-3", "0.000"},
      {"0.00e1", "0.0"},
      // Too large for numeric.
      {"1e131072", "refused"},
      {"1e-16384", "refused"},
      {"1e99999999999999999999", "refused"},
      {"1e", "refused"},
      {"", "refused"},
      {"-", "refused"},
      {"1x", "refused"},
  };
  for (const auto& one : cases) EXPECT_EQ(Plain(one.number), one.plain) << one.number;
  EXPECT_EQ(Plain("1e131071").size(), 131'072u);
  EXPECT_EQ(Plain("1e-16383").size(), 2u + 16'383u);
}

TEST(RealTest, ReadsBackAsTheSameNumber) {
  for (double value = std::numeric_limits<double>::denorm_min(); std::isfinite(value);
       value *= 1.7) {
    std::string text;
    AppendReal(value, text);
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    std::string plain;
    ASSERT_TRUE(AppendPlainReal(value, plain));
    EXPECT_EQ(std::strtod(plain.c_str(), nullptr), value) << plain;
  }
}

TEST(MoneyTest, HasTheDigitsOfItsCurrency) {
  const struct {
    std::int64_t units;
    int digits;
    const char* plain;
    const char* text;
  } cases[] = {
      {0, 2, "0.00", "$0.00"},
      {5, 2, "0.05", "$0.05"},
      {-123456, 2, "-1234.56", "-$1,234.56"},
      {100000, 2, "1000.00", "$1,000.00"},
      {123456, 0, "123456", "$123,456"},
      {7, 3, "0.007", "$0.007"},
      {std::numeric_limits<std::int64_t>::min(), 2, "-92233720368547758.08",
       "-$92,233,720,368,547,758.08"},
  };
  for (const auto& one : cases) {
    std::string plain;
    AppendMoney(one.units, one.digits, plain);
    EXPECT_EQ(plain, one.plain);
    std::string text;
    AppendMoneyText(one.units, one.digits, text);
    EXPECT_EQ(text, one.text);
  }
}

std::string JsonbOf(std::string_view json) {
  std::string out = "before ";
  switch (AppendJsonbForm(json, out)) {
    case JsonbForm::kWritten:
      return out.substr(7);
    case JsonbForm::kTooLarge:
      return "too large";
    case JsonbForm::kNotJson:
      break;
  }
  return "no JSON";
}

// values.txt has the server's own results, with the type json[].
TEST(JsonbFormTest, WhatJsonbRefusesStaysAsItWasStored) {
  EXPECT_EQ(JsonbOf(R"(["\u0000"])"), R"(["\u0000"])");
  EXPECT_EQ(JsonbOf(R"(["a\ud800b", "\udc00\ud800", "\ud83d\u0041"])"),
            R"(["a\ud800b", "\udc00\ud800", "\ud83dA"])");
  EXPECT_EQ(JsonbOf(R"({"\ud800":1,"b":2})"), R"({"b": 2, "\ud800": 1})");
  EXPECT_EQ(JsonbOf("[1e999999]"), "[1e999999]");
  const std::string deep(limits::kPostgresqlJsonDepth + 2, '[');
  const std::string deep_end(limits::kPostgresqlJsonDepth + 2, ']');
  EXPECT_EQ(JsonbOf(deep + "1,2" + deep_end), deep + "1,2" + deep_end);
  const std::string within(limits::kPostgresqlJsonDepth, '[');
  const std::string within_end(limits::kPostgresqlJsonDepth, ']');
  EXPECT_EQ(JsonbOf(within + "1,2" + within_end), within + "1, 2" + within_end);
}

TEST(JsonbFormTest, ItsOwnOutputStaysAsItIs) {
  for (const char* const json :
       {R"({"b":{"z":1,"y":[{},[]]},"a":"\u00e9\n"})", "[1.50,-0.0,1e2]", R"("\/")"}) {
    const std::string once = JsonbOf(json);
    EXPECT_EQ(JsonbOf(once), once);
  }
}

TEST(JsonbFormTest, AFewCharactersThatMakeManyDigitsAreTooLarge) {
  std::string json = "[0";
  for (int i = 0; i < 1100; ++i) json += ",1e131071";
  EXPECT_EQ(JsonbOf(json + "]"), "too large");
}

TEST(JsonbFormTest, OtherTextIsNotJson) {
  for (const char* const text :
       {"",     " ",       "{",        "[",           "[1",        "[1,]",
        "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",  "{a:1}",     "tru",
        "nul",  "01",      "-",        "1.",          ".5",        "1e",
        "+1",   "\"",      "\"\\x\"",  "\"\\u12g4\"", "\"\\u12\"", "\"\n\"",
        "1 2",  "[1]]",    "\"a\" b",  "'a'",         "NaN"}) {
    EXPECT_EQ(JsonbOf(text), "no JSON") << text;
  }
}

}  // namespace
}  // namespace tributary::postgresql
