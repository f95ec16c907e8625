#include "tests/comparing/random_tables.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace tributary::tests {
namespace {

constexpr int kRowsInStatement = 500;
// The first columns of a key with several columns have only this many values.
constexpr int kLeadingKeys = 7;

std::string RandomText(Dice& dice) {
  if (dice.OneIn(8)) return "NULL";
  // Some are stored apart from their row.
  if (dice.OneIn(50)) return QuotedText(std::string(2'000 + dice.Below(7'000), 'l'));
  return QuotedText(std::string(dice.Below(40), 'v') + std::to_string(dice.Below(1000)));
}

}  // namespace

std::string QuotedText(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
}

int TableChanges::Number(Dice& dice) const {
  // At first, there are rows for only half of these numbers.
  return static_cast<int>(dice.Below(static_cast<std::uint64_t>(2 * table_.rows)));
}

std::string TableChanges::Values(int number, Dice& dice) const {
  std::string values = "(";
  for (std::size_t at = 0; at < table_.key.size(); ++at) {
    const bool last = at + 1 == table_.key.size();
    absl::StrAppend(&values,
                    table_.key[at].literal(last ? number : number % kLeadingKeys,
                                           static_cast<int>(dice.Below(kSpellings))),
                    ", ");
  }
  return absl::StrCat(values, RandomText(dice), ", ", number, ")");
}

std::string TableChanges::Where(int number, int spelling) const {
  std::vector<std::string> terms;
  for (std::size_t at = 0; at < table_.key.size(); ++at) {
    const bool last = at + 1 == table_.key.size();
    terms.push_back(
        absl::StrCat(table_.key[at].name, " ", dialect_.equals, " ",
                     table_.key[at].literal(last ? number : number % kLeadingKeys, spelling)));
  }
  return absl::StrCat(" WHERE ", absl::StrJoin(terms, " AND "));
}

std::string TableChanges::SetKey(int number, int spelling) const {
  std::vector<std::string> terms;
  for (std::size_t at = 0; at < table_.key.size(); ++at) {
    const bool last = at + 1 == table_.key.size();
    terms.push_back(
        absl::StrCat(table_.key[at].name, " = ",
                     table_.key[at].literal(last ? number : number % kLeadingKeys, spelling)));
  }
  return absl::StrJoin(terms, ", ");
}

std::string TableChanges::Update(const std::string& set, const std::string& where) const {
  return absl::StrCat(dialect_.update, " ", table_.name, " SET ", set, where);
}

std::vector<std::string> TableChanges::Create(Dice& dice) const {
  std::string columns;
  for (const KeyColumn& column : table_.key) {
    absl::StrAppend(&columns, column.name, " ", column.declared, ", ");
  }
  std::vector<std::string> statements = {absl::StrCat("CREATE TABLE ", table_.name, " (", columns,
                                                      "v text, n integer", table_.constraint, ")",
                                                      table_.after)};
  for (int number = 0; number < table_.rows;) {
    std::vector<std::string> rows;
    for (int row = 0; row < kRowsInStatement && number < table_.rows; ++row) {
      rows.push_back(Values(number++, dice));
    }
    statements.push_back(absl::StrCat(dialect_.insert, " ", table_.name, " VALUES ",
                                      absl::StrJoin(rows, ", "), dialect_.after_insert));
  }
  return statements;
}

std::string TableChanges::Sweep(Dice& dice) const {
  // About twenty rows, for a table of any size.
  const auto part = static_cast<std::uint64_t>(table_.rows / 20 + 1);
  const std::string some = absl::StrCat(" WHERE n % ", part, " = ", dice.Below(part));
  switch (dice.Below(4)) {
    case 0:
      return absl::StrCat("DELETE FROM ", table_.name, some);
    case 1:
      return Update("v = v || 'w'", some);
    case 2:
      return Update("v = n", some);
    default:
      break;
  }
  std::vector<std::string> rows;
  for (int i = 0; i < 20; ++i) rows.push_back(Values(Number(dice), dice));
  return absl::StrCat(dialect_.insert, " ", table_.name, " VALUES ", absl::StrJoin(rows, ", "),
                      dialect_.after_insert);
}

void TableChanges::AddOne(Dice& dice, std::vector<std::string>& statements,
                          std::vector<std::string>& undo) const {
  const int number = Number(dice);
  const int other = Number(dice);
  const auto spelling = [&dice] { return static_cast<int>(dice.Below(kSpellings)); };
  const int spelled = spelling();
  const std::string where = Where(number, spelled);
  switch (dice.Below(10)) {
    case 0:
      statements.push_back(absl::StrCat(dialect_.insert, " ", table_.name, " VALUES ",
                                        Values(number, dice), dialect_.after_insert));
      undo.push_back(absl::StrCat("DELETE FROM ", table_.name, where));
      return;
    case 1:
      statements.push_back(Update(absl::StrCat("v = ", RandomText(dice)), where));
      return;
    case 2:
      // The undo statement removes the 'x' again.
      statements.push_back(Update("v = v || 'x'", where));
      undo.push_back(Update("v = substr(v, 1, length(v) - 1)", where));
      return;
    case 3:
      statements.push_back(absl::StrCat("DELETE FROM ", table_.name, where));
      return;
    case 4:
      statements.push_back(Update(SetKey(other, spelling()), where));
      undo.push_back(Update(SetKey(number, spelled), Where(other, spelling())));
      return;
    case 5: {
      const int anew = spelling();
      statements.push_back(Update(SetKey(number, anew), where));
      undo.push_back(Update(SetKey(number, spelled), Where(number, anew)));
      return;
    }
    case 6: {
      // Copies the first row's value to the second row and back; case 7 exchanges two keys.
      const std::string beside = Where(other, spelling());
      const auto value = [this](const std::string& of) {
        return absl::StrCat("v = (SELECT max(v) FROM ", table_.name, of, ")");
      };
      statements.push_back(Update(value(where), beside));
      statements.push_back(Update(value(beside), where));
      return;
    }
    case 7: {
      const int free = 2 * table_.rows;
      for (const auto& [from, to] : {std::pair(number, free), {other, number}, {free, other}}) {
        statements.push_back(Update(SetKey(to, spelled), Where(from, spelled)));
      }
      return;
    }
    case 8:
      // Inserts the same row again, or one with another spelling of its key.
      statements.push_back(absl::StrCat("DELETE FROM ", table_.name, where));
      statements.push_back(absl::StrCat(dialect_.insert, " ", table_.name, " VALUES ",
                                        Values(number, dice), dialect_.after_insert));
      return;
    default:
      statements.push_back(Sweep(dice));
      return;
  }
}

void TableChanges::Add(Dice& dice, bool while_syncing, std::vector<std::string>& statements,
                       std::vector<std::string>& undo) const {
  if (dice.OneIn(40)) statements.push_back(absl::StrCat("DELETE FROM ", table_.name));
  if (dice.OneIn(10)) {
    const bool between = !while_syncing && !dialect_.idle_between.empty() && dice.OneIn(2);
    const std::vector<std::string>& idle = between ? dialect_.idle_between : dialect_.idle;
    statements.push_back(absl::StrReplaceAll(idle[dice.Below(idle.size())], {{"$", table_.name}}));
  }
  for (std::uint64_t changes = dice.Below(8); changes > 0; --changes) {
    AddOne(dice, statements, undo);
  }
}

}  // namespace tributary::tests
