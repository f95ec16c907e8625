#include "tests/worker/sources/postgresql/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary::postgresql {
namespace {

int Digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

// The escapes of COPY: \\, \t, \n, \r, \b, \f, \v.
std::string Unescaped(std::string_view text) {
  constexpr std::string_view kNames = "tnrbfv";
  constexpr std::string_view kCharacters = "\t\n\r\b\f\v";
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      plain.push_back(text[at]);
      continue;
    }
    const char c = text[++at];
    const std::size_t name = kNames.find(c);
    plain.push_back(name == std::string_view::npos ? c : kCharacters[name]);
  }
  return plain;
}

std::uint32_t Oid(const std::string& text) { return static_cast<std::uint32_t>(std::stoul(text)); }

TypeFacts FactsOf(const std::vector<std::string>& line) {
  TypeFacts facts;
  facts.oid = Oid(line[0]);
  facts.name = line[1];
  facts.type = line[2][0];
  facts.array = line[3] == "t";
  facts.inner = Oid(line[4]);
  facts.typmod = std::stoi(line[5]);
  facts.delimiter = line[6][0];
  facts.send = line[7];
  facts.casts_to_json = line[8] == "t";
  std::istringstream fields(line[9]);
  for (std::string field; std::getline(fields, field);) {
    const std::size_t space = field.rfind(' ');
    facts.fields.push_back({.name = field.substr(0, space), .type = Oid(field.substr(space + 1))});
  }
  return facts;
}

}  // namespace

std::string ReadGolden(const std::string& file) {
  std::ifstream stream(absl::StrCat(POSTGRESQL_GOLDEN_DIR, "/", file), std::ios::binary);
  EXPECT_TRUE(stream.good()) << file;
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<std::string> SplitCopyText(std::string_view line) {
  std::vector<std::string> columns;
  for (;;) {
    const std::size_t tab = std::min(line.find('\t'), line.size());
    columns.push_back(Unescaped(line.substr(0, tab)));
    if (tab == line.size()) return columns;
    line.remove_prefix(tab + 1);
  }
}

std::vector<std::vector<std::string>> ReadCopyText(const std::string& file) {
  std::vector<std::vector<std::string>> lines;
  std::istringstream stream(ReadGolden(file));
  for (std::string line; std::getline(stream, line);) lines.push_back(SplitCopyText(line));
  return lines;
}

std::string FromHex(std::string_view digits) {
  std::string bytes;
  int high = -1;
  for (const char c : digits) {
    if (c == ' ') continue;
    if (high >= 0) bytes.push_back(static_cast<char>(high * 16 + Digit(c)));
    high = high >= 0 ? -1 : Digit(c);
  }
  EXPECT_EQ(high, -1) << digits;
  return bytes;
}

std::string ToHex(std::string_view bytes) {
  std::string digits;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    digits.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    digits.push_back(kDigits[c & 15]);
  }
  return digits;
}

const std::vector<TypeFacts>& GoldenFacts() {
  static const std::vector<TypeFacts> kFacts = [] {
    std::vector<TypeFacts> facts;
    for (const auto& line : ReadCopyText("facts.txt")) facts.push_back(FactsOf(line));
    return facts;
  }();
  return kFacts;
}

const TypeFacts& GoldenType(std::string_view name) {
  const auto& facts = GoldenFacts();
  const auto found = std::find_if(facts.begin(), facts.end(),
                                  [name](const TypeFacts& type) { return type.name == name; });
  EXPECT_NE(found, facts.end()) << name;
  return *found;
}

TypeCatalog GoldenCatalog(int money_digits) {
  TypeCatalog catalog(money_digits);
  for (const TypeFacts& facts : GoldenFacts()) catalog.Add(facts);
  return catalog;
}

const std::vector<GoldenValue>& GoldenValues() {
  static const std::vector<GoldenValue> kValues = [] {
    std::vector<GoldenValue> values;
    for (const auto& line : ReadCopyText("values.txt")) {
      values.push_back({.oid = Oid(line[0]),
                        .type = line[1],
                        .bytes = FromHex(line[2]),
                        .text = line[3],
                        .json = line[4]});
    }
    return values;
  }();
  return kValues;
}

}  // namespace tributary::postgresql
