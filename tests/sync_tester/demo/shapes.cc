#include "tests/sync_tester/demo/shapes.h"

#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace tributary::demo {

namespace {

SampleColumn Id() { return {"id", "INTEGER PRIMARY KEY", Content::kRowNumber, false}; }

// Narrow and long tables, like those to which an application writes all the time.
void AddEventTables(std::vector<SampleTable>& tables) {
  constexpr std::array<std::string_view, 10> kEvents = {
      "page_view", "click", "login", "api_call", "email_sent",
      "payment",   "push",  "error", "search",   "cart_change"};
  for (std::size_t i = 0; i < kEvents.size(); ++i) {
    tables.push_back({absl::StrCat("event_", std::string(kEvents[i])),
                      {Id(),
                       {"account_id", "INTEGER NOT NULL", Content::kReference, false},
                       {"at", "DATETIME", Content::kDatetime, false},
                       {"kind", "TEXT", Content::kWord, false},
                       {"value", "REAL", Content::kRatio, true}},
                      "",
                      false,
                      i == 0 ? 0.16 : 0.055});
  }
}

// Wide tables, like those of an analyst's model or an old ERP.
void AddWideTables(std::vector<SampleTable>& tables) {
  struct Kind {
    const char* name;
    const char* declaration;
    Content content;
  };
  constexpr std::array<Kind, 8> kKinds = {{{"count", "INTEGER", Content::kSmallCount},
                                           {"amount", "DECIMAL(12,2)", Content::kMoney},
                                           {"ratio", "REAL", Content::kRatio},
                                           {"is", "BOOLEAN", Content::kFlag},
                                           {"day", "DATE", Content::kDate},
                                           {"label", "TEXT", Content::kWord},
                                           {"code", "VARCHAR(40)", Content::kCode},
                                           {"big", "BIGINT", Content::kBigNumber}}};
  for (std::size_t table = 0; table < 7; ++table) {
    SampleTable wide{absl::StrCat("fact_", table), {Id()}, "", false, 0.0025};
    const std::size_t columns = 80 + 20 * table;
    for (std::size_t i = 1; i < columns; ++i) {
      const Kind& kind = kKinds[i % kKinds.size()];
      wide.columns.push_back(
          {absl::StrCat(kind.name, "_", i), kind.declaration, kind.content, true});
    }
    tables.push_back(std::move(wide));
  }
}

// The tables of each module of an application; `share` is that of a medium-sized table.
void AddRecordsOf(const std::string& module, double share, std::vector<SampleTable>& tables) {
  tables.push_back({module + "_account",
                    {Id(),
                     {"name", "TEXT NOT NULL", Content::kName, false},
                     {"email", "VARCHAR(200)", Content::kCode, true},
                     {"active", "BOOLEAN", Content::kFlag, false},
                     {"created_at", "TIMESTAMP", Content::kDatetime, false},
                     {"balance", "DECIMAL(12,2)", Content::kMoney, true}},
                    "",
                    false,
                    share * 3});
  tables.push_back({module + "_document",
                    {Id(),
                     {"title", "TEXT", Content::kName, false},
                     {"body", "TEXT", Content::kParagraph, true},
                     {"attributes", "JSON", Content::kJson, true},
                     {"thumbnail", "BLOB", Content::kBytes, true}},
                    "",
                    false,
                    share});
  tables.push_back({module + "_price",
                    {{"sku", "TEXT NOT NULL", Content::kCode, false},
                     {"region", "TEXT NOT NULL", Content::kWord, false},
                     {"price", "DECIMAL(12,2)", Content::kMoney, false},
                     {"valid_from", "DATE", Content::kDate, true}},
                    ", PRIMARY KEY(sku, region)",
                    true,
                    share * 2});
  tables.push_back({module + "_link",
                    {{"left_id", "INTEGER NOT NULL", Content::kReference, false},
                     {"right_id", "INTEGER NOT NULL", Content::kRowNumber, false},
                     {"weight", "REAL", Content::kRatio, true}},
                    ", PRIMARY KEY(left_id, right_id)",
                    false,
                    share * 3});
  tables.push_back({module + "_log",
                    {{"at", "DATETIME", Content::kDatetime, false},
                     {"level", "TEXT", Content::kWord, false},
                     {"line", "TEXT", Content::kName, false}},
                    "",
                    false,
                    share * 3});
}

void AddSideTablesOf(const std::string& module, double share, std::vector<SampleTable>& tables) {
  tables.push_back({module + "_setting",
                    {{"key", "TEXT PRIMARY KEY NOT NULL", Content::kCode, false},
                     {"value", "", Content::kAnything, true}},
                    "",
                    true,
                    share / 10});
  tables.push_back(
      {module + "_archive", {Id(), {"payload", "BLOB", Content::kBytes, true}}, "", false, 0});
  tables.push_back({module + "_measure",
                    {Id(),
                     {"exact", "DECIMAL(38,6)", Content::kLargeDecimal, true},
                     {"quantity", "INT", Content::kSmallCount, false},
                     {"unit_price", "DOUBLE", Content::kRatio, false}},
                    ", total REAL GENERATED ALWAYS AS (quantity * unit_price) VIRTUAL"
                    ", quantity_text TEXT GENERATED ALWAYS AS ('q' || quantity) STORED",
                    false,
                    share * 2});
  tables.push_back({module + "_stage",
                    {Id(),
                     {"name", "TEXT", Content::kWord, false},
                     {"position", "SMALLINT", Content::kSmallCount, false}},
                    "",
                    false,
                    share / 50});
  tables.push_back({module + "_session",
                    {{"token", "TEXT NOT NULL", Content::kCode, false},
                     {"account_id", "INTEGER", Content::kReference, true},
                     {"expires", "DATETIME", Content::kDatetime, true},
                     {"secret", "BLOB", Content::kBytes, true}},
                    ", UNIQUE(token)",
                    false,
                    share * 2});
}

// The many tables of an application's modules.
void AddModuleTables(std::vector<SampleTable>& tables) {
  for (const char* const module :
       {"crm", "shop", "billing", "stock", "hr", "support", "ads", "fleet", "lab", "portal"}) {
    AddRecordsOf(module, 0.002, tables);
    AddSideTablesOf(module, 0.002, tables);
  }
}

// Names that have to be quoted, and unusual tables.
void AddOddTables(std::vector<SampleTable>& tables) {
  const auto add = [&tables](const std::string& name, const std::string& column) {
    tables.push_back({name,
                      {Id(),
                       {column, "TEXT", Content::kName, true},
                       {"plain", "INTEGER", Content::kSmallCount, true}},
                      "",
                      false,
                      0.0005});
  };
  add("order", "group");
  add("select", "from");
  add("Customer Orders 2024", "First Name");
  add("quote\"inside", "say \"hi\"");
  add("it's", "50% off; DROP TABLE");
  add("données_éàü", "größe");
  add("注文", "商品名");
  add("emoji 🚚", "🧾");
  add("dots.and.dots", "a.b");
  add("[brackets]", "back`tick");
  tables.push_back({"no_type_at_all",
                    {{"a", "", Content::kAnything, true}, {"b", "", Content::kAnything, true}},
                    "",
                    false,
                    0.001});
  tables.push_back({"key_of_three",
                    {{"tenant", "TEXT NOT NULL", Content::kWord, false},
                     {"number", "INTEGER NOT NULL", Content::kRowNumber, false},
                     {"day", "DATE NOT NULL", Content::kDate, false},
                     {"note", "TEXT", Content::kParagraph, true}},
                    ", PRIMARY KEY(tenant, number, day)",
                    true,
                    0.005});
  tables.push_back({"nothing_here", {Id(), {"never", "TEXT", Content::kWord, true}}, "", false, 0});
  tables.push_back({"many_flags", {Id()}, "", false, 0.005});
  for (int i = 0; i < 30; ++i) {
    tables.back().columns.push_back({absl::StrCat("flag_", i), "BOOLEAN", Content::kFlag, true});
  }
}

}  // namespace

std::vector<SampleTable> SampleTables() {
  std::vector<SampleTable> tables;
  AddEventTables(tables);
  AddWideTables(tables);
  AddModuleTables(tables);
  AddOddTables(tables);
  double sum = 0;
  for (const SampleTable& table : tables) sum += table.share;
  for (SampleTable& table : tables) table.share /= sum;
  return tables;
}

std::vector<std::string> SampleExtras() {
  return {"CREATE VIEW active_accounts AS SELECT id, name FROM crm_account WHERE active",
          "CREATE VIEW daily_payments AS SELECT date(at) AS day, count(*) AS payments "
          "FROM event_payment GROUP BY 1"};
}

}  // namespace tributary::demo
