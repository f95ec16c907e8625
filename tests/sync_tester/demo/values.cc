#include "tests/sync_tester/demo/values.h"

#include <array>
#include <cstdio>
#include <string_view>

namespace tributary::demo {

namespace {

constexpr std::array<std::string_view, 24> kWords = {
    "open",   "closed",  "pending", "shipped", "paid",  "north", "south",  "harbour",
    "maple",  "granite", "silver",  "night",   "river", "delta", "lamp",   "anchor",
    "Zürich", "São",     "Łódź",    "東京",    "Ωmega", "naïve", "garçon", "smörgås"};

std::string_view Word(Dice& dice) { return kWords[dice.Below(kWords.size())]; }

std::string_view AsciiWord(Dice& dice) { return kWords[dice.Below(16)]; }

void AppendTwoDigits(std::string& out, std::uint64_t number) {
  out.push_back(static_cast<char>('0' + number / 10 % 10));
  out.push_back(static_cast<char>('0' + number % 10));
}

void AppendDay(std::string& out, Dice& dice) {
  AppendTwoDigits(out, 20);
  AppendTwoDigits(out, dice.Below(26));
  out.push_back('-');
  AppendTwoDigits(out, 1 + dice.Below(12));
  out.push_back('-');
  AppendTwoDigits(out, 1 + dice.Below(28));
}

void AppendMoment(std::string& out, Dice& dice) {
  AppendDay(out, dice);
  out.push_back(' ');
  AppendTwoDigits(out, dice.Below(24));
  out.push_back(':');
  AppendTwoDigits(out, dice.Below(60));
  out.push_back(':');
  AppendTwoDigits(out, dice.Below(60));
  if (dice.Below(3) == 0) return;
  out.push_back('.');
  for (int i = 0; i < 3; ++i) AppendTwoDigits(out, dice.Below(100));
}

void AppendWords(std::string& out, std::uint64_t count, Dice& dice) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) out.push_back(' ');
    out.append(Word(dice));
  }
}

void AppendJson(std::string& out, Dice& dice) {
  out.append("{\"kind\":\"").append(AsciiWord(dice)).append("\",\"tags\":[\"");
  out.append(Word(dice)).append("\",\"").append(AsciiWord(dice)).append("\"],\"score\":");
  out.append(std::to_string(dice.Below(10000))).append(",\"nested\":{\"ok\":true,\"none\":null}}");
}

void AppendCode(std::string& out, std::int64_t row, Dice& dice) {
  static constexpr std::string_view kLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  std::uint64_t bits = dice.Next();
  for (int i = 0; i < 6; ++i, bits >>= 5) out.push_back(kLetters[bits & 31]);
  out.push_back('-');
  out.append(std::to_string(row));
}

void BindText(sqlite3_stmt* statement, int at, const std::string& text) {
  sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void BindBytes(sqlite3_stmt* statement, int at, std::uint64_t count, Dice& dice,
               std::string& room) {
  for (std::uint64_t i = 0; i < count; ++i) room.push_back(static_cast<char>(dice.Next() & 0xff));
  sqlite3_bind_blob64(statement, at, room.data(), room.size(), SQLITE_STATIC);
}

void BindLargeDecimal(sqlite3_stmt* statement, int at, Dice& dice, std::string& room) {
  // SQLite converts it to the nearest double.
  room = std::to_string(1 + dice.Below(899999999));
  for (int i = 0; i < 6; ++i) AppendTwoDigits(room, dice.Below(100));
  room.push_back('.');
  for (int i = 0; i < 3; ++i) AppendTwoDigits(room, dice.Below(100));
  BindText(statement, at, room);
}

void BindAnything(sqlite3_stmt* statement, int at, Dice& dice, std::string& room) {
  switch (dice.Below(4)) {
    case 0:
      sqlite3_bind_int64(statement, at, static_cast<std::int64_t>(dice.Next()));
      break;
    case 1:
      sqlite3_bind_double(statement, at, static_cast<double>(dice.Below(100000)) / 7);
      break;
    case 2:
      AppendWords(room, 2, dice);
      BindText(statement, at, room);
      break;
    default:
      BindBytes(statement, at, 8, dice, room);
      break;
  }
}

}  // namespace

std::uint64_t Dice::Next() {
  state_ += 0x9e3779b97f4a7c15u;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  return mixed ^ (mixed >> 31);
}

void BindContent(sqlite3_stmt* statement, int at, Content content, std::int64_t row, bool nullable,
                 Dice& dice, std::string& room) {
  room.clear();
  if (nullable && dice.Below(16) == 0) {
    sqlite3_bind_null(statement, at);
    return;
  }
  switch (content) {
    case Content::kRowNumber:
      sqlite3_bind_int64(statement, at, row);
      return;
    case Content::kSmallCount:
      sqlite3_bind_int64(statement, at, static_cast<std::int64_t>(dice.Below(1000)));
      return;
    case Content::kBigNumber:
      sqlite3_bind_int64(statement, at, static_cast<std::int64_t>(dice.Next()));
      return;
    case Content::kReference:
      sqlite3_bind_int64(statement, at, static_cast<std::int64_t>(1 + dice.Below(50000)));
      return;
    case Content::kRatio:
      sqlite3_bind_double(statement, at, static_cast<double>(dice.Next() >> 11) / 9e12);
      return;
    case Content::kMoney:
      sqlite3_bind_double(statement, at, static_cast<double>(dice.Below(100000000)) / 100);
      return;
    case Content::kLargeDecimal:
      BindLargeDecimal(statement, at, dice, room);
      return;
    case Content::kFlag:
      sqlite3_bind_int(statement, at, static_cast<int>(dice.Below(2)));
      return;
    case Content::kBytes:
      BindBytes(statement, at, 4 + dice.Below(24), dice, room);
      return;
    case Content::kAnything:
      BindAnything(statement, at, dice, room);
      return;
    case Content::kDate:
      AppendDay(room, dice);
      break;
    case Content::kDatetime:
      AppendMoment(room, dice);
      break;
    case Content::kWord:
      room = AsciiWord(dice);
      break;
    case Content::kName:
      AppendWords(room, 2 + dice.Below(2), dice);
      break;
    case Content::kCode:
      AppendCode(room, row, dice);
      break;
    case Content::kParagraph:
      AppendWords(room, 10 + dice.Below(30), dice);
      break;
    case Content::kJson:
      AppendJson(room, dice);
      break;
  }
  BindText(statement, at, room);
}

}  // namespace tributary::demo
