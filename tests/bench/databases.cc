#include "tests/bench/databases.h"

#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/bench/row_values.h"
#include "tests/process/child_process.h"
#include "tests/process/database.h"

namespace tributary::bench {
namespace {

using tests::Database;

constexpr std::uint64_t kSeed = 4;
constexpr std::uint64_t kMostGeneratedOrders = 3'000'000;
constexpr char kOrderShape[] =
    "(id INTEGER PRIMARY KEY, customer_id INTEGER, quantity INTEGER, amount REAL, weight REAL, "
    "status TEXT, name TEXT, email TEXT, product TEXT, note TEXT)";

class Insert {
 public:
  Insert(Database& database, const std::string& table, int columns) {
    std::string sql = absl::StrCat("INSERT INTO ", table, " VALUES(?");
    for (int column = 1; column < columns; ++column) sql += ",?";
    Check(sqlite3_prepare_v2(database.get(), (sql + ")").c_str(), -1, &statement_, nullptr));
  }
  ~Insert() { sqlite3_finalize(statement_); }
  Insert(const Insert&) = delete;
  Insert& operator=(const Insert&) = delete;

  void Long(int at, std::int64_t value) { Check(sqlite3_bind_int64(statement_, at, value)); }
  void Real(int at, double value) { Check(sqlite3_bind_double(statement_, at, value)); }
  // `text` must be valid until Row.
  void Text(int at, std::string_view text) {
    Check(sqlite3_bind_text(statement_, at, text.data(), static_cast<int>(text.size()), nullptr));
  }
  void Row() {
    if (sqlite3_step(statement_) != SQLITE_DONE) Check(SQLITE_ERROR);
    Check(sqlite3_reset(statement_));
  }

 private:
  static void Check(int code) {
    if (code == SQLITE_OK) return;
    std::cerr << "make database: " << sqlite3_errstr(code) << std::endl;
    std::exit(EXIT_FAILURE);
  }
  sqlite3_stmt* statement_ = nullptr;
};

void AddOrders(Database& database, const std::string& table, std::int64_t first, std::uint64_t rows,
               Random& random) {
  Insert insert(database, table, static_cast<int>(kOrderColumnCount));
  Order order;
  for (std::uint64_t row = 0; row < rows; ++row) {
    MakeOrder(first + static_cast<std::int64_t>(row), random, order);
    insert.Long(1, order.id);
    insert.Long(2, order.customer);
    insert.Long(3, order.quantity);
    insert.Real(4, order.amount);
    insert.Real(5, order.weight);
    insert.Text(6, order.status);
    insert.Text(7, order.name);
    insert.Text(8, order.email);
    insert.Text(9, order.product);
    insert.Text(10, order.note);
    insert.Row();
  }
}

}  // namespace

Databases::Databases(std::string folder) : folder_(std::move(folder)) {
  std::filesystem::create_directories(folder_);
}

template <typename Fill>
std::string Databases::Make(const std::string& name, const Fill& fill) {
  const std::string file = absl::StrCat(folder_, "/", name, ".db");
  if (std::filesystem::exists(file)) return file;
  const std::string unfinished = file + ".unfinished";
  std::filesystem::remove(unfinished);
  const auto began = std::chrono::steady_clock::now();
  std::cout << "making " << file << std::flush;
  {
    Database database(unfinished);
    database.Run("PRAGMA journal_mode=off; PRAGMA synchronous=off; BEGIN");
    fill(database);
    database.Run("COMMIT");
  }
  std::filesystem::rename(unfinished, file);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::cout << ": " << std::filesystem::file_size(file) / 1'000'000 << " MB in "
            << static_cast<int>(took.count() + 0.5) << " s" << std::endl;
  return file;
}

std::string Databases::Orders(std::uint64_t rows) {
  if (rows <= kMostGeneratedOrders) {
    return Make(absl::StrCat("orders_", rows), [rows](Database& database) {
      database.Run(absl::StrCat("CREATE TABLE orders", kOrderShape));
      Random random(kSeed);
      AddOrders(database, "orders", 1, rows, random);
    });
  }
  const std::string few = Orders(kMostGeneratedOrders);
  return Make(absl::StrCat("orders_", rows), [rows, &few](Database& database) {
    database.Run("COMMIT");
    database.Run(
        absl::StrCat("ATTACH '", few, "' AS few; BEGIN; CREATE TABLE main.orders", kOrderShape));
    for (std::uint64_t made = 0; made < rows; made += kMostGeneratedOrders) {
      database.Run(absl::StrCat(
          "INSERT INTO main.orders SELECT id+", made,
          ",customer_id,quantity,amount,weight,status,name,email,product,note FROM few.orders "
          "LIMIT ",
          rows - made));
    }
  });
}

std::string Databases::ManyTables(std::uint64_t tables, std::uint64_t rows) {
  return Make(absl::StrCat("tables_", tables, "_", rows), [tables, rows](Database& database) {
    Random random(kSeed);
    for (std::uint64_t table = 0; table < tables; ++table) {
      const std::string name = absl::StrCat("orders_", table);
      database.Run(absl::StrCat("CREATE TABLE ", name, kOrderShape));
      const std::uint64_t before = rows * table / tables;
      AddOrders(database, name, static_cast<std::int64_t>(before + 1),
                rows * (table + 1) / tables - before, random);
    }
  });
}

std::string Databases::Wide(std::uint64_t rows, int columns) {
  return Make("wide", [rows, columns](Database& database) {
    std::string shape = "(id INTEGER PRIMARY KEY";
    for (int column = 1; column < columns; ++column) {
      constexpr const char* kTypes[] = {"INTEGER", "REAL", "TEXT"};
      absl::StrAppend(&shape, ", column_", column, " ", kTypes[column % 3]);
    }
    database.Run(absl::StrCat("CREATE TABLE wide", shape, ")"));
    Random random(kSeed);
    std::vector<std::string> texts;
    for (int i = 0; i < 8192; ++i) texts.push_back(Words(6 + random.Below(27), random));
    Insert insert(database, "wide", columns);
    for (std::uint64_t row = 1; row <= rows; ++row) {
      insert.Long(1, static_cast<std::int64_t>(row));
      for (int column = 1; column < columns; ++column) {
        const std::uint64_t value = random.Next();
        if (column % 3 == 0) insert.Long(column + 1, static_cast<std::int64_t>(value % 1'000'000));
        if (column % 3 == 1) insert.Real(column + 1, static_cast<double>(value % 100'000) / 8);
        if (column % 3 == 2) insert.Text(column + 1, texts[value % texts.size()]);
      }
      insert.Row();
    }
  });
}

std::string Databases::Long(std::uint64_t rows, std::size_t bytes) {
  return Make("long", [rows, bytes](Database& database) {
    database.Run("CREATE TABLE long(id INTEGER PRIMARY KEY, title TEXT, body TEXT)");
    Random random(kSeed);
    const std::string words = Words(50 * bytes, random);
    Insert insert(database, "long", 3);
    for (std::uint64_t row = 1; row <= rows; ++row) {
      const std::string_view body =
          std::string_view(words).substr(random.Below(words.size() - bytes), bytes);
      insert.Long(1, static_cast<std::int64_t>(row));
      insert.Text(2, body.substr(0, 32));
      insert.Text(3, body);
      insert.Row();
    }
  });
}

std::string Databases::Demo() {
  const std::string file = folder_ + "/demo.db";
  if (std::filesystem::exists(file)) return file;
  const std::string unfinished = file + ".unfinished";
  std::filesystem::remove(unfinished);
  tests::ChildOptions options;
  options.program = DEMO_SOURCE_BINARY_PATH;
  options.arguments = {"--path", unfinished};
  auto child = tests::ChildProcess::Start(options);
  const auto ending = child.ok() ? (*child)->Wait() : std::nullopt;
  if (!ending.has_value() || ending->exit_code != 0) {
    std::cerr << "make " << file << ": " << options.program << " failed" << std::endl;
    std::exit(EXIT_FAILURE);
  }
  std::filesystem::rename(unfinished, file);
  return file;
}

void Databases::Warm(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<char> buffer(1 << 20);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()))) {
  }
}

}  // namespace tributary::bench
