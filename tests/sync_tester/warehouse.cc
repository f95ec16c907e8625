#include "tests/sync_tester/warehouse.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

// The file only has to survive the tester's death, not the operating system's, so no write waits
// for the disk. With a large cache and a late WAL checkpoint, a first load does not write its pages
// twice.
constexpr char kSettings[] =
    "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
    "PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 8192; PRAGMA temp_store = MEMORY;";

}  // namespace

absl::StatusOr<std::unique_ptr<Warehouse>> Warehouse::Open(const std::string& path) {
  absl::StatusOr<SqliteFile> file = SqliteFile::Open(path, SqliteFile::Mode::kCreate);
  if (!file.ok()) return file.status();
  std::unique_ptr<Warehouse> warehouse(new Warehouse(*std::move(file)));
  if (absl::Status prepared = warehouse->Prepare(); !prepared.ok()) return prepared;
  return warehouse;
}

absl::Status Warehouse::Prepare() {
  if (absl::Status set = file_.Execute(kSettings); !set.ok()) return set;
  absl::StatusOr<WarehouseLayout> layout = WarehouseLayout::Load(file_);
  if (!layout.ok()) return layout.status();
  layout_ = std::make_unique<WarehouseLayout>(*std::move(layout));
  absl::StatusOr<Statement> begin = file_.Prepare("BEGIN IMMEDIATE");
  if (!begin.ok()) return begin.status();
  begin_ = *std::move(begin);
  absl::StatusOr<Statement> commit = file_.Prepare("COMMIT");
  if (!commit.ok()) return commit.status();
  commit_ = *std::move(commit);
  SetSynced(absl::Now());
  return absl::OkStatus();
}

absl::Status Warehouse::FillCatalog(Catalog& catalog) const {
  v2::SchemaList with_schema;
  v2::TableList without_schema;
  for (const StoredTable* stored : layout_->Tables()) {
    v2::Table* table = nullptr;
    if (stored->has_schema) {
      const int last = with_schema.schemas_size() - 1;
      v2::Schema* schema = last >= 0 && with_schema.schemas(last).name() == stored->schema
                               ? with_schema.mutable_schemas(last)
                               : with_schema.add_schemas();
      schema->set_name(stored->schema);
      table = schema->add_tables();
    } else {
      table = without_schema.add_tables();
    }
    table->set_name(stored->name);
    for (const StoredColumn& from : stored->columns) {
      v2::Column* column = table->add_columns();
      column->set_name(from.shape.name);
      column->set_type(from.shape.type);
      column->set_primary_key(from.shape.key);
      if (from.shape.precision != 0) {
        column->mutable_params()->mutable_decimal()->set_precision(from.shape.precision);
        column->mutable_params()->mutable_decimal()->set_scale(from.shape.scale);
      } else if (from.shape.max_bytes != 0) {
        column->mutable_params()->set_string_byte_length(
            static_cast<std::int32_t>(from.shape.max_bytes));
      }
    }
  }
  if (with_schema.schemas_size() != 0) {
    if (absl::Status merged = catalog.Merge(with_schema); !merged.ok()) return merged;
  }
  if (without_schema.tables_size() == 0) return absl::OkStatus();
  return catalog.Merge(without_schema);
}

void Warehouse::SetSynced(absl::Time now) {
  synced_ = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", now, absl::UTCTimeZone());
}

absl::Status Warehouse::Apply(const Row& row) {
  if (!in_transaction_) {
    if (absl::Status begun = begin_.Run(); !begun.ok()) return begun;
    in_transaction_ = true;
  }
  if (row.table->ordinal >= open_.size()) open_.resize(row.table->ordinal + 1);
  OpenTable& open = open_[row.table->ordinal];
  if (open.version != row.table->version) {
    if (absl::Status fitted = Refit(*row.table, open); !fitted.ok()) return fitted;
  }
  absl::Status applied = open.table->Apply(row, synced_);
  if (applied.ok()) return applied;
  return absl::InternalError(
      absl::StrCat("write table ", row.table->FullName(), ": ", applied.message()));
}

absl::Status Warehouse::Refit(const TableShape& shape, OpenTable& open) {
  // The old statements must be destroyed before the table is altered or dropped.
  open.table.reset();
  absl::StatusOr<const StoredTable*> stored = layout_->Fit(shape);
  if (!stored.ok()) return stored.status();
  absl::StatusOr<WarehouseTable> table = WarehouseTable::Make(file_, **stored, shape);
  if (!table.ok()) return table.status();
  open.table = std::make_unique<WarehouseTable>(*std::move(table));
  open.version = shape.version;
  return absl::OkStatus();
}

absl::Status Warehouse::Commit() {
  if (!in_transaction_) return absl::OkStatus();
  in_transaction_ = false;
  return commit_.Run();
}

absl::Status Warehouse::Rollback() {
  if (!in_transaction_) return absl::OkStatus();
  in_transaction_ = false;
  // Tables that the transaction made no longer exist.
  open_.clear();
  if (absl::Status rolled = file_.Execute("ROLLBACK"); !rolled.ok()) return rolled;
  absl::StatusOr<WarehouseLayout> layout = WarehouseLayout::Load(file_);
  if (!layout.ok()) return layout.status();
  *layout_ = *std::move(layout);
  return absl::OkStatus();
}

}  // namespace tributary::tester
