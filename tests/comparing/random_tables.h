// Tables with any kind of key, and random changes of their rows, as SQL for any engine.
//
// A key is made from a number and a spelling: different numbers are different keys, and spellings
// of one number may be equal for the source (`a` and `A`, 1.5 and 1.50), or be different keys.
#ifndef TRIBUTARY_TESTS_COMPARING_RANDOM_TABLES_H_
#define TRIBUTARY_TESTS_COMPARING_RANDOM_TABLES_H_

#include <functional>
#include <string>
#include <vector>

#include "tests/crash/mixed_source.h"

namespace tributary::tests {

inline constexpr int kSpellings = 4;

struct KeyColumn {
  std::string name;
  // Its type and collation.
  std::string declared;
  // A literal of SQL; `spelling` is less than kSpellings.
  std::function<std::string(int number, int spelling)> literal;
  // How the engine prints it as the destination has it: an expression of the column, which is `$`.
  // For an engine whose destination is compared by such texts.
  std::string shown = "$";
};

// Its columns are those of the key, `v` (a text that may be null) and `n` (the number of the key
// that the row was inserted with).
struct RandomTable {
  std::string name;
  std::vector<KeyColumn> key;
  // After the columns: ", PRIMARY KEY (k)", or nothing.
  std::string constraint = {};
  // After the table: "WITHOUT ROWID", or "; CREATE UNIQUE INDEX …".
  std::string after = {};
  int rows = 200;
  // With its rows it changes which columns are its key: it may be put aside once, and is then
  // copied again.
  bool key_may_change = false;
};

// How an engine says what is meant here.
struct Dialect {
  // A row whose key is there already is not inserted: "INSERT OR IGNORE INTO", "ON CONFLICT …".
  std::string insert;
  std::string after_insert;
  std::string update;
  // Of two keys.
  std::string equals;
  // What changes no row of a table, which is `$`: at any time, and between syncs.
  std::vector<std::string> idle;
  std::vector<std::string> idle_between = {};
};

class TableChanges {
 public:
  // Both outlive it.
  TableChanges(const RandomTable& table, const Dialect& dialect)
      : table_(table), dialect_(dialect) {}

  std::vector<std::string> Create(Dice& dice) const;
  // Adds statements that change some rows at random. One that would make two rows of one key may
  // fail. `undo`: statements that may later undo a part of them are added to it.
  void Add(Dice& dice, bool while_syncing, std::vector<std::string>& statements,
           std::vector<std::string>& undo) const;

 private:
  int Number(Dice& dice) const;
  std::string Values(int number, Dice& dice) const;
  std::string Where(int number, int spelling) const;
  std::string SetKey(int number, int spelling) const;
  std::string Update(const std::string& set, const std::string& where) const;
  void AddOne(Dice& dice, std::vector<std::string>& statements,
              std::vector<std::string>& undo) const;
  // Of many rows.
  std::string Sweep(Dice& dice) const;

  const RandomTable& table_;
  const Dialect& dialect_;
};

// 'it''s'
std::string QuotedText(const std::string& text);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_RANDOM_TABLES_H_
