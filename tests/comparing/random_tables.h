// Tables with any kind of key, and random changes of their rows, as SQL for any engine.
//
// A key is made from a number and a spelling: different numbers make different keys; two spellings
// of one number may be equal for the source (`a` and `A`, 1.5 and 1.50), or different keys.
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
  // The column's type and collation.
  std::string declared;
  // Returns an SQL literal; `spelling` is less than kSpellings.
  std::function<std::string(int number, int spelling)> literal;
  // An expression that prints the column `$` as the destination has its value. Used for an engine
  // whose destination is compared by these texts.
  std::string shown = "$";
};

// The table's columns are the key columns, `v` (a text that may be null) and `n` (the number from
// which the row's key was made when the row was inserted).
struct RandomTable {
  std::string name;
  std::vector<KeyColumn> key;
  // SQL after the columns: ", PRIMARY KEY (k)", or nothing.
  std::string constraint = {};
  // SQL after the table: "WITHOUT ROWID", or "; CREATE UNIQUE INDEX …".
  std::string after = {};
  int rows = 200;
  // Changes of the rows may change which columns are the key: the table may then be put aside once,
  // and is copied again in the next sync.
  bool key_may_change = false;
};

// An engine's SQL for the random changes.
struct Dialect {
  // A row whose key already exists is not inserted: "INSERT OR IGNORE INTO", "ON CONFLICT …".
  std::string insert;
  std::string after_insert;
  std::string update;
  // The operator that compares two keys.
  std::string equals;
  // Statements that change no row of the table `$`: `idle` may run at any time, `idle_between` only
  // between syncs.
  std::vector<std::string> idle;
  std::vector<std::string> idle_between = {};
};

class TableChanges {
 public:
  // `table` and `dialect` must outlive this object.
  TableChanges(const RandomTable& table, const Dialect& dialect)
      : table_(table), dialect_(dialect) {}

  std::vector<std::string> Create(Dice& dice) const;
  // Adds statements that change some rows at random; a statement that would make two rows with the
  // same key may fail. Adds to `undo` statements that can later undo some of the changes.
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
  // A statement that changes many rows.
  std::string Sweep(Dice& dice) const;

  const RandomTable& table_;
  const Dialect& dialect_;
};

// The text as an SQL literal: 'it''s'.
std::string QuotedText(const std::string& text);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_RANDOM_TABLES_H_
