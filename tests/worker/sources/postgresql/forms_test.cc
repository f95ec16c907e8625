// Values of all types as the server printed them, compared with the texts made from their binary
// form: those of its output function and of to_jsonb.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/worker/sources/postgresql/golden.h"
#include "worker/sources/postgresql/json_form.h"
#include "worker/sources/postgresql/text_form.h"

namespace tributary::postgresql {
namespace {

std::shared_ptr<const TypePlan> PlanOf(TypeCatalog& catalog, std::uint32_t oid) {
  const auto column = catalog.Column(oid, -1);
  EXPECT_TRUE(column.ok()) << column.status();
  return column->logged;
}

TEST(FormsTest, TextIsThatOfTheServersOutputFunction) {
  TypeCatalog catalog = GoldenCatalog();
  for (const GoldenValue& value : GoldenValues()) {
    std::string text;
    EXPECT_EQ(AppendText(*PlanOf(catalog, value.oid), value.bytes, text), Outcome::kDone)
        << value.type << ": " << value.text;
    EXPECT_EQ(text, value.text) << value.type;
  }
}

TEST(FormsTest, JsonIsWhatToJsonbGives) {
  TypeCatalog catalog = GoldenCatalog();
  for (const GoldenValue& value : GoldenValues()) {
    std::string json;
    EXPECT_EQ(AppendJson(*PlanOf(catalog, value.oid), value.bytes, json), Outcome::kDone)
        << value.type << ": " << value.json;
    EXPECT_EQ(json, value.json) << value.type;
  }
}

// Values that the test's server may not be able to make: types of extensions, interval's
// infinities, and values that only a corrupted server sends.
struct FormCase {
  Kind kind;
  const char* bytes;
  const char* text;
};

TEST(FormsTest, TypesOfExtensionsAreTextsOfTheirOwn) {
  const FormCase cases[] = {
      // vector, halfvec and sparsevec of pgvector.
      {Kind::kVector, "000300003f80000040200000c0400000", "[1,2.5,-3]"},
      {Kind::kVector, "00000000", "[]"},
      {Kind::kHalfVector, "000700003c00c2000001800000007bfffc00",
       "[1,-3,5.9604645e-08,-0,0,65504,-Infinity]"},
      {Kind::kSparseVector, "000000050000000200000000000000000000000240200000c0400000",
       "{1:2.5,3:-3}/5"},
      {Kind::kSparseVector, "000000050000000000000000", "{}/5"},
      // geometry of PostGIS: POINT(1 2).
      {Kind::kHexBytes, "0101000000000000000000f03f0000000000000040",
       "0101000000000000000000F03F0000000000000040"},
      {Kind::kInterval, "7fffffffffffffff7fffffff7fffffff", "infinity"},
      {Kind::kInterval, "80000000000000008000000080000000", "-infinity"},
      {Kind::kByteChar, "00", ""},
      {Kind::kByteChar, "c3", "\\303"},
  };
  for (const FormCase& one : cases) {
    std::string text;
    EXPECT_EQ(AppendText({.kind = one.kind, .name = "t"}, FromHex(one.bytes), text), Outcome::kDone)
        << one.text;
    EXPECT_EQ(text, one.text);
  }
}

TEST(FormsTest, BytesThatNoServerSendsAreMalformed) {
  const FormCase cases[] = {
      {Kind::kNumeric, "00010000000000002710", "a digit of 10000"},
      {Kind::kNumeric, "0001000010000000000a", "an unknown sign"},
      {Kind::kNumeric, "0001000000004000000a", "a scale over its bound"},
      {Kind::kNumeric, "00020000000000000001", "fewer digits than said"},
      {Kind::kNumeric, "000100000000", "half a head"},
      {Kind::kTime, "00000014 1dd76001", "more than a day"},
      {Kind::kTime, "ffffffffffffffff", "before midnight"},
      {Kind::kTimetz, "00000000000000000000e100", "a zone of 16 hours"},
      {Kind::kInet, "04200004 01020304", "an unknown family"},
      {Kind::kInet, "022100040102030405", "more bits than the address"},
      {Kind::kInet, "0220000301020304", "an address of the wrong size"},
      {Kind::kTsvector, "000000016100", "no positions"},
      {Kind::kTsvector, "0000000161", "a lexeme without an end"},
      {Kind::kTsquery, "000000010201", "an operator without operands"},
      {Kind::kTsquery, "0000000202010102", "an unknown item"},
      {Kind::kTsquery, "00000001020500", "an unknown operator"},
      {Kind::kTsquery, "0000000201000061000100006200", "two trees"},
      {Kind::kTsquery, "ffffffff01000061", "more items than bytes"},
      {Kind::kBit, "0000000901", "fewer bits than said"},
      {Kind::kBit, "ffffffff", "a negative size"},
      {Kind::kPath, "0100000002", "fewer points than said"},
      {Kind::kPolygon, "10000001", "more points than fit"},
      {Kind::kCube, "8000000100", "half a coordinate"},
      {Kind::kSnapshot, "000000010000000000000001", "no xmax"},
      {Kind::kHstore, "00000001ffffffff", "a key that is null"},
      {Kind::kHstore, "000000020000000161ffffffff", "fewer pairs than said"},
      {Kind::kUnknown, "", "a form that is not known"},
  };
  for (const FormCase& one : cases) {
    std::string out;
    const TypePlan plan = {.kind = one.kind, .name = "t"};
    EXPECT_EQ(AppendText(plan, FromHex(one.bytes), out), Outcome::kMalformed) << one.text;
    EXPECT_EQ(AppendJson(plan, FromHex(one.bytes), out), Outcome::kMalformed) << one.text;
  }
}

TEST(FormsTest, ArraysThatNoServerSendsAreMalformed) {
  const struct {
    const char* bytes;
    const char* what;
  } cases[] = {
      {"00000007000000000000001700000001", "seven dimensions"},
      {"0000000100000000000000190000000100000001ffffffff", "another element type"},
      {"000000010000000000000017ffffffff00000001", "a negative size"},
      {"0000000200000000000000170000ffff00000001 0000ffff00000001ffffffff", "more than there is"},
      {"0000000600000000000000174000000000000001400000000000000140000000000000014000000000000001400"
       "0"
       "0000000000014000000000000001",
       "a product that does not fit"},
      {"0000000100000000000000170000000100000001ffffffffff", "bytes after its end"},
      {"0000000100000000000000170000000100000001fffffffe", "an element of negative size"},
      {"000000010000000000000017000000010000000100000003000000", "an element that is malformed"},
  };
  TypeCatalog catalog;
  for (const auto& one : cases) {
    std::string out;
    EXPECT_EQ(AppendText(*PlanOf(catalog, 1007), FromHex(one.bytes), out), Outcome::kMalformed)
        << one.what;
    EXPECT_EQ(AppendJson(*PlanOf(catalog, 1007), FromHex(one.bytes), out), Outcome::kMalformed)
        << one.what;
  }
}

TEST(FormsTest, AQueryOfAMillionTermsNeedsNoStack) {
  constexpr std::uint32_t kTerms = 1'000'000;
  const std::uint32_t items = 2 * kTerms - 1;
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(items >> shift));
  // a & (a & (a & ...: the right operand comes first, so all operators come before all operands.
  std::string operand("\1\0\0a\0", 5);
  for (std::uint32_t i = 1; i < kTerms; ++i) bytes += "\2\2";
  for (std::uint32_t i = 0; i < kTerms; ++i) bytes += operand;
  std::string text;
  EXPECT_EQ(AppendText({.kind = Kind::kTsquery}, bytes, text), Outcome::kDone);
  EXPECT_TRUE(text.starts_with("'a' & 'a' & "));
}

// Values are truncated and changed at each byte: the result is always one of the outcomes, and a
// finished text is JSON if it has to be.
TEST(FormsTest, NoDamageOfAValueIsMoreThanAnOutcome) {
  TypeCatalog catalog = GoldenCatalog();
  std::size_t malformed = 0;
  for (const GoldenValue& value : GoldenValues()) {
    const auto plan = PlanOf(catalog, value.oid);
    const auto look = [&](std::string_view bytes) {
      // A copy with exactly this size, so that a sanitizer detects a read past its end.
      const std::vector<char> exact(bytes.begin(), bytes.end());
      std::string text;
      std::string json;
      const Outcome outcome = AppendText(*plan, {exact.data(), exact.size()}, text);
      malformed += outcome == Outcome::kMalformed ? 1 : 0;
      AppendJson(*plan, {exact.data(), exact.size()}, json);
    };
    for (std::size_t size = 0; size < value.bytes.size(); ++size) {
      look(std::string_view(value.bytes).substr(0, size));
      std::string damaged = value.bytes;
      for (const int flip : {0x01, 0x80, 0xff}) {
        damaged[size] = static_cast<char>(value.bytes[size] ^ flip);
        look(damaged);
      }
    }
  }
  EXPECT_GT(malformed, 1000u);
}

}  // namespace
}  // namespace tributary::postgresql
