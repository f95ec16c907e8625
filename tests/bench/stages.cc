#include "tests/bench/stages.h"

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "proto/connector_sdk.pb.h"
#include "supervisor/staging/block.h"
#include "supervisor/staging/private_env.h"
#include "supervisor/staging/segment.h"
#include "tests/bench/measured_sync.h"
#include "tests/bench/memory_ring.h"
#include "worker/encoder/batch_writer.h"

namespace tributary::bench {
namespace {

namespace sdk = fivetran_sdk::v2;

const std::string kKey(SegmentCipher::kEpochKeyBytes, 'k');

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Adds the CPU time since the last call to `to`.
class Split {
 public:
  void To(double& to) { to += ThreadSeconds() - std::exchange(last_, ThreadSeconds()); }

 private:
  double last_ = ThreadSeconds();
};

// A row's values in a simple form, so that writing them again only costs the writing.
struct Field {
  std::size_t column = 0;
  std::variant<std::monostate, std::int64_t, double, std::string> value;
};
using Row = std::vector<Field>;

struct Rows {
  std::string schema;
  std::string table;
  std::vector<std::string> columns;
  std::vector<std::vector<Row>> batches;
};

Field FieldOf(std::size_t column, const sdk::ValueType& value) {
  switch (value.inner_case()) {
    case sdk::ValueType::kLong:
      return {column, std::int64_t{value.long_()}};
    case sdk::ValueType::kDouble:
      return {column, value.double_()};
    case sdk::ValueType::kString:
      return {column, value.string()};
    default:
      return {column, {}};
  }
}

// Only the kinds that the bench's tables have; other kinds count as null.
Rows Decoded(const std::vector<std::string>& messages) {
  Rows rows;
  std::map<std::string, std::size_t> columns;
  for (const std::string& message : messages) {
    sdk::UpdateResponse response;
    if (!response.ParseFromString(message)) Fail("read sample: it is no UpdateResponse");
    std::vector<Row>& batch = rows.batches.emplace_back();
    for (const sdk::Record& record : response.records().records()) {
      rows.schema = record.schema_name();
      rows.table = record.table_name();
      Row& row = batch.emplace_back();
      for (const auto& [name, value] : record.data()) {
        const auto [found, is_new] = columns.emplace(name, rows.columns.size());
        if (is_new) rows.columns.push_back(name);
        row.push_back(FieldOf(found->second, value));
      }
      // Sorted into a worker's order, since a map has no order.
      std::sort(row.begin(), row.end(),
                [](const Field& a, const Field& b) { return a.column < b.column; });
    }
  }
  return rows;
}

void WriteRow(const Row& row, const TableShape& shape, BatchWriter& writer) {
  writer.BeginRow(shape);
  for (const Field& field : row) {
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      writer.Long(field.column, *number);
    } else if (const auto* real = std::get_if<double>(&field.value)) {
      writer.Double(field.column, *real);
    } else if (const auto* text = std::get_if<std::string>(&field.value)) {
      writer.String(field.column, *text);
    } else {
      writer.Null(field.column);
    }
  }
  writer.EndRow();
}

// A message from a ring.
struct Batch {
  std::string payload;
  std::string compact;
};

// In a worker, the values are in the CPU's cache when they are written, so each batch is written
// twice and only the second time counts.
std::vector<Batch> MeasureEncode(const Rows& rows, StageCosts& costs) {
  std::vector<Batch> batches;
  MemoryRing ring;
  const TableShape shape(rows.schema, rows.table, rows.columns);
  BatchWriter writer(ring.producer(), 1);
  for (const std::vector<Row>& batch : rows.batches) {
    costs.rows += static_cast<double>(batch.size());
    for (const bool counts : {false, true}) {
      Split split;
      for (const Row& row : batch) WriteRow(row, shape, writer);
      double spent = 0;
      split.To(spent);
      if (counts) costs.encode += spent;
      while (const auto frame = ring.Take()) {
        if (counts) batches.push_back({std::string(frame->payload), std::string(frame->compact)});
      }
    }
  }
  return batches;
}

template <typename Value>
Value OrEnd(absl::StatusOr<Value> value) {
  if (!value.ok()) Fail(value.status().ToString());
  return *std::move(value);
}

class Stages {
 public:
  Stages(const std::string& folder, StageCosts& costs)
      : env_(leveldb::Env::Default()), folder_(folder), costs_(costs) {
    std::filesystem::remove_all(folder_);
    (void)env_.CreateDir(folder_);
  }
  ~Stages() {
    segment_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Add(const Batch& batch) {
    const StagedItem item{++position_, ItemKind::kBatch, batch.payload, batch.compact};
    if (!gatherer_.Takes(item)) Put();
    gatherer_.Add(item);
    split_.To(costs_.gather);
  }

  void Put() {
    if (gatherer_.empty()) return;
    if (segment_ == nullptr ||
        segment_->bytes_written() + Segment::BytesFor(gatherer_.raw().size()) >
            limits::kStagingSegmentBytes) {
      segment_.reset();
      segment_ = OrEnd(Segment::Create(&env_, folder_, 1, ++segments_, {position_, 0}, kKey));
      split_.To(costs_.leveldb);
    }
    const BlockKey key{gatherer_.first_position(), 0};
    const std::string_view value = OrEnd(sealer_.Seal(
        key, gatherer_.shape(), gatherer_.raw(), gatherer_.message_bytes(), segment_->cipher()));
    split_.To(costs_.compress);
    if (const absl::Status put = segment_->Put(key, value); !put.ok()) Fail(put.ToString());
    split_.To(costs_.leveldb);
    gatherer_.Clear();
    EncryptAgain(key, value);
  }

 private:
  // Sealing compresses and encrypts; the encryption's part is the cost of encrypting the same
  // number of bytes.
  void EncryptAgain(BlockKey key, std::string_view value) {
    sealed_.resize(value.size() + SegmentCipher::kTagBytes);
    double spent = 0;
    split_.To(spent);
    spent = 0;
    if (!cipher_->Seal(key, "", value.data(), value.size(), sealed_.data()).ok()) {
      Fail("encrypt sample");
    }
    split_.To(spent);
    costs_.encrypt += spent;
    costs_.compress -= spent;
  }

  PrivateEnv env_;
  std::string folder_;
  StageCosts& costs_;
  BlockGatherer gatherer_;
  BlockSealer sealer_;
  std::unique_ptr<Segment> segment_;
  const std::unique_ptr<SegmentCipher> cipher_ =
      OrEnd(SegmentCipher::Derive(kKey, std::string(SegmentCipher::kSaltBytes, 's'), 2, 1));
  std::string sealed_;
  std::uint64_t position_ = 0;
  std::uint64_t segments_ = 0;
  Split split_;
};

}  // namespace

StageCosts MeasureStages(const std::vector<std::string>& messages, const std::string& folder) {
  StageCosts costs;
  const Rows rows = Decoded(messages);
  const std::vector<Batch> batches = MeasureEncode(rows, costs);
  Stages stages(folder, costs);
  for (const Batch& batch : batches) {
    costs.wire_bytes += static_cast<double>(batch.payload.size());
    stages.Add(batch);
  }
  stages.Put();
  return costs;
}

}  // namespace tributary::bench
