// The parts that are the same in all rows of one table, encoded once: the beginning of a record,
// for each record type, and of each column's map entry. BatchWriter copies from it.
//
// Immutable, and outlives the rows that are written with it; batches that hold such
// rows do not need it. A table whose columns change gets a new shape.
#ifndef TRIBUTARY_WORKER_ENCODER_TABLE_SHAPE_H_
#define TRIBUTARY_WORKER_ENCODER_TABLE_SHAPE_H_

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/batch/compact_writer.h"
#include "proto/common.pb.h"

namespace tributary {

class TableShape {
 public:
  using Columns = google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>;

  // `columns`: the sent columns; `column` in the value calls is an index into them.
  TableShape(std::string_view schema, std::string_view table, const Columns& columns);
  // The same by their names; `keys` are the places of the primary key's columns.
  TableShape(std::string_view schema, std::string_view table,
             const std::vector<std::string>& columns, std::vector<std::size_t> keys = {});
  TableShape(const TableShape&) = delete;
  TableShape& operator=(const TableShape&) = delete;

  std::size_t columns() const { return prefixes_.size(); }
  // The places of the primary key's columns, which DELETE and UPDATE need.
  const std::vector<std::size_t>& keys() const { return keys_; }

  // --- for BatchWriter ---

  // The part that is the same in all map entries of a column: entry tag, a byte for the entry's
  // length, key tag, length, name, value tag.
  struct Prefix {
    const char* bytes = nullptr;
    std::size_t size = 0;
  };
  // A prefix may be read in pieces of this many bytes, even past its end.
  static constexpr std::size_t kPieceBytes = 32;
  // Bytes of a prefix before the key: the entry's tag and length.
  static constexpr std::size_t kEntryHeadBytes = 2;

  // For each column.
  const Prefix* prefixes() const { return prefixes_.data(); }
  // A record's content up to its first entry: Record.schema_name, table_name and type.
  std::string_view head(fivetran_sdk::v2::RecordType type) const {
    return heads_[static_cast<std::size_t>(type)];
  }
  const std::shared_ptr<const CompactTemplate>& compact_template() const {
    return compact_template_;
  }

 private:
  std::vector<std::size_t> keys_;
  std::string prefix_bytes_;
  std::vector<Prefix> prefixes_;
  std::array<std::string, fivetran_sdk::v2::RecordType_ARRAYSIZE> heads_;
  std::shared_ptr<const CompactTemplate> compact_template_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_ENCODER_TABLE_SHAPE_H_
