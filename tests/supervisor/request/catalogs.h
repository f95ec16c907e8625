// Short forms of catalogs and selections for the tests of this folder.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_REQUEST_CATALOGS_H_
#define TRIBUTARY_TESTS_SUPERVISOR_REQUEST_CATALOGS_H_

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "supervisor/request/selection.h"

namespace tributary {

// The columns' names; a leading * means that the column is part of the key.
inline void AddTable(Catalog& catalog, const std::string& schema, const std::string& name,
                     const std::vector<std::string>& columns) {
  CatalogTable& table = *catalog.add_tables();
  table.set_schema(schema);
  table.set_table(name);
  for (const std::string& column : columns) {
    auto& added = *table.add_columns();
    const bool key = column[0] == '*';
    added.set_name(key ? column.substr(1) : column);
    added.set_primary_key(key);
    added.set_type(fivetran_sdk::v2::STRING);
  }
}

inline Catalog ShopCatalog() {
  Catalog catalog;
  AddTable(catalog, "main", "orders", {"*id", "customer", "total"});
  AddTable(catalog, "main", "events", {"at", "what"});
  AddTable(catalog, "audit", "lines", {"order", "*region", "*number", "text"});
  return catalog;
}

// From protobuf's text format.
inline fivetran_sdk::v2::Selection SelectionOf(const std::string& text) {
  fivetran_sdk::v2::Selection selection;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &selection)) << text;
  return selection;
}

// The tables and columns in a short form: "main.orders(id,total)".
inline std::vector<std::string> Synced(const Selected& selected) {
  std::vector<std::string> tables;
  for (const SelectedTable& table : selected.tables) {
    std::string text = table.table->schema() + "." + table.table->table() + "(";
    for (const auto* column : table.columns) {
      if (text.back() != '(') text += ",";
      text += column->name();
    }
    tables.push_back(text + ")");
  }
  return tables;
}

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_SUPERVISOR_REQUEST_CATALOGS_H_
