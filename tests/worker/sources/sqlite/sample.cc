#include "tests/worker/sources/sqlite/sample.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"
#include "worker/encoder/batch_writer.h"

namespace tributary::sqlite_test {

TempFolder::TempFolder() {
  std::string name = std::filesystem::temp_directory_path().string() + "/tributary-sqlite-XXXXXX";
  path_ = std::filesystem::canonical(::mkdtemp(name.data())).string();
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Database::Open(const std::string& path) {
  EXPECT_EQ(sqlite3_open(path.c_str(), &db_), SQLITE_OK) << path;
  sqlite3_busy_timeout(db_, 10'000);
  Run("PRAGMA synchronous=off");
}

void Database::Run(const std::string& sql) {
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK)
      << (error == nullptr ? "" : error) << " in " << sql.substr(0, 200);
  sqlite3_free(error);
}

std::string Database::Ask(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db_);
  std::string answer;
  if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != nullptr) {
    answer = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
  }
  sqlite3_finalize(statement);
  return answer;
}

void Database::Close() { sqlite3_close(std::exchange(db_, nullptr)); }

RingTap::RingTap()
    : data_ready_(::eventfd(0, EFD_CLOEXEC)), space_free_(::eventfd(0, EFD_CLOEXEC)) {
  auto memory = RingMemory::Create(limits::kRingBytes);
  if (!memory.ok()) std::abort();
  auto other = RingMemory::Attach(FileDescriptor(::dup(memory->fd())), limits::kRingBytes);
  if (!other.ok()) std::abort();
  memory_ = std::make_unique<RingMemory>(*std::move(memory));
  producer_ =
      std::make_unique<RingProducer>(*std::move(other), data_ready_.get(), space_free_.get());
}

RingTap::~RingTap() { Finish(); }

void RingTap::Start(std::function<void(const FrameHeader&, std::string)> frame) {
  frame_ = std::move(frame);
  finishing_ = false;
  thread_ = std::thread([this] { Drain(); });
}

void RingTap::Finish() {
  if (!thread_.joinable()) return;
  finishing_ = true;
  const std::uint64_t one = 1;
  EXPECT_EQ(::write(data_ready_.get(), &one, sizeof(one)), ssize_t{sizeof(one)});
  thread_.join();
}

void RingTap::Drain() {
  RingControl& control = memory_->control();
  for (;;) {
    const bool last_look = finishing_;
    const std::uint64_t head = control.head.load();
    if (head == tail_) {
      if (last_look) return;
      control.consumer_wants = 1;
      if (control.head.load() != tail_) continue;
      pollfd wait{data_ready_.get(), POLLIN, 0};
      std::uint64_t rings = 0;
      if (::poll(&wait, 1, 1000) > 0) (void)!::read(data_ready_.get(), &rings, sizeof(rings));
      continue;
    }
    FrameHeader header;
    std::memcpy(&header, memory_->data(tail_), sizeof(header));
    EXPECT_EQ(header.magic, kFrameMagic);
    if (frame_) {
      frame_(header, {memory_->data(tail_) + sizeof(header) + header.skip, header.payload_bytes});
    }
    tail_ += header.FrameBytes();
    control.tail.store(tail_);
    const std::uint64_t wanted = control.producer_wants.load();
    if (wanted != 0 && tail_ >= wanted) {
      const std::uint64_t one = 1;
      (void)!::write(space_free_.get(), &one, sizeof(one));
    }
  }
}

std::unique_ptr<SqliteSource> MakeSqliteSource(const std::string& root, const std::string& name,
                                               Pulse& pulse, std::chrono::milliseconds patience) {
  SourceOptions options;
  options.configuration = {{"source", "sqlite"}, {"database_path", name}};
  options.operator_settings = {{"sqlite-root", root}};
  return std::make_unique<SqliteSource>(std::move(options), pulse, patience);
}

std::vector<ColumnRemark> Outcome::remarks() const {
  std::vector<ColumnRemark> all;
  for (const SeenMark& mark : marks)
    all.insert(all.end(), mark.remarks.begin(), mark.remarks.end());
  return all;
}

Reading::Reading(const std::string& root, const std::string& name,
                 std::chrono::milliseconds patience)
    : source_(MakeSqliteSource(root, name, pulse_, patience)), prepared_(source_->Prepare()) {}

Catalog Reading::Describe(const std::string& known_version) {
  EXPECT_TRUE(prepared_.ok()) << prepared_.status();
  DescribeAssignment assignment;
  assignment.set_known_version(known_version);
  // As in a sync with a state, which alone asks for page digests.
  assignment.set_known_identity("of a state");
  const auto catalog = source_->Describe(assignment);
  EXPECT_TRUE(catalog.ok()) << catalog.status();
  return catalog.ok() ? *catalog : Catalog();
}

CatalogTable Reading::Table(const std::string& name) {
  const Catalog catalog = Describe();
  for (const CatalogTable& table : catalog.tables()) {
    if (table.table() == name) return table;
  }
  ADD_FAILURE() << "no table " << name;
  return {};
}

Outcome Reading::Read(const CatalogTable& table, const Range& range) {
  ReadAssignment assignment;
  assignment.set_schema(table.schema());
  assignment.set_table(table.table());
  assignment.set_access(table.access());
  *assignment.mutable_columns() = table.columns();
  *assignment.mutable_range() = range;
  assignment.set_in_one_piece(in_one_piece);

  Outcome outcome;
  RingTap tap;
  const std::uint32_t id = ++assignment_;
  if (pause_after_marks == 0) tap.control().pause_through = id;
  std::string parts;
  tap.Start([&](const FrameHeader& header, std::string payload) {
    EXPECT_EQ(header.assignment, id);
    if (before_frame) before_frame();
    if (header.type == FrameType::kOpened) {
      Opened opened;
      EXPECT_TRUE(opened.ParseFromString(payload));
      EXPECT_TRUE(outcome.rows.empty() && outcome.marks.empty());
      EXPECT_FALSE(opened.content().empty());
      outcome.version = opened.content();
      return;
    }
    if (header.type == FrameType::kMark) {
      Mark mark;
      EXPECT_TRUE(mark.ParseFromString(payload));
      EXPECT_FALSE(outcome.version.empty()) << "a mark before the slice was opened";
      outcome.marks.push_back(
          {mark.at(), outcome.rows.size(), {mark.remarks().begin(), mark.remarks().end()}});
      if (static_cast<int>(outcome.marks.size()) == pause_after_marks) {
        tap.control().pause_through = id;
      }
      return;
    }
    parts += payload;
    if (header.type == FrameType::kPart) return;
    fivetran_sdk::v2::UpdateResponse response;
    EXPECT_TRUE(response.ParseFromString(std::exchange(parts, {})));
    EXPECT_EQ(response.records().records_size(), static_cast<int>(header.records));
    for (const auto& record : response.records().records()) {
      EXPECT_EQ(record.schema_name(), table.schema());
      EXPECT_EQ(record.table_name(), table.table());
      EXPECT_EQ(record.type(), fivetran_sdk::v2::RecordType::UPSERT);
      outcome.rows.emplace_back(record.data().begin(), record.data().end());
    }
  });
  {
    BatchWriter writer(tap.producer(), id);
    if (judge != nullptr) writer.Judge(judge);
    auto end = source_->Read(assignment, writer);
    outcome.status = end.status();
    if (end.ok()) outcome.end = *std::move(end);
  }
  tap.Finish();
  return outcome;
}

std::vector<Values> Reading::ReadAll(const CatalogTable& table, const std::vector<Range>& slices) {
  std::vector<Values> rows;
  for (const Range& slice : slices) {
    Outcome outcome = Read(table, slice);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE);
    rows.insert(rows.end(), std::make_move_iterator(outcome.rows.begin()),
                std::make_move_iterator(outcome.rows.end()));
  }
  return rows;
}

std::vector<Range> Reading::Cut(const CatalogTable& table, const std::vector<Range>& ranges) {
  CutAssignment assignment;
  CutAssignment::Table& asked = *assignment.add_tables();
  asked.set_schema(table.schema());
  asked.set_table(table.table());
  asked.set_access(table.access());
  *asked.mutable_columns() = table.columns();
  for (const Range& range : ranges) *asked.add_ranges() = range;
  const auto slices = source_->Cut(assignment);
  EXPECT_TRUE(slices.ok()) << slices.status();
  if (!slices.ok()) return {};
  EXPECT_EQ(slices->tables_size(), 1);
  EXPECT_EQ(slices->tables(0).slices_size(), slices->tables(0).estimated_bytes_size());
  sampled = Texts(slices->tables(0).widen());
  return {slices->tables(0).slices().begin(), slices->tables(0).slices().end()};
}

std::vector<std::string> Texts(const google::protobuf::RepeatedPtrField<Widening>& widenings) {
  std::vector<std::string> texts;
  for (const Widening& widening : widenings) {
    std::vector<std::string> misfits;
    for (const int misfit : widening.misfits()) {
      misfits.push_back(Widening::Misfit_Name(static_cast<Widening::Misfit>(misfit)));
    }
    texts.push_back(absl::StrCat(widening.column(), " ", DataType_Name(widening.type()), " (",
                                 absl::StrJoin(misfits, ", "), ")"));
  }
  return texts;
}

void Apply(const google::protobuf::RepeatedPtrField<Widening>& widenings, CatalogTable& table) {
  for (const Widening& widening : widenings) {
    for (auto& column : *table.mutable_columns()) {
      if (column.name() != widening.column()) continue;
      column.set_type(widening.type());
      column.clear_params();
    }
  }
}

}  // namespace tributary::sqlite_test
