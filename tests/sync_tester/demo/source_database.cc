#include "tests/sync_tester/demo/source_database.h"

#include <cmath>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tributary::demo {

namespace {

// FNV-1a: the same in each process, unlike absl's hash.
std::uint64_t NameSeed(const std::string& name) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

// No other process reads the file while it is made, and it may be lost in a crash.
constexpr char kFastSettings[] =
    "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
    "PRAGMA cache_size = -131072; PRAGMA locking_mode = EXCLUSIVE; BEGIN";

}  // namespace

std::string Declaration(const SampleTable& table) {
  const std::string columns =
      absl::StrJoin(table.columns, ", ", [](std::string* out, const SampleColumn& column) {
        absl::StrAppend(out, tester::Quoted(column.name), " ", column.declaration);
      });
  return absl::StrCat("CREATE TABLE ", tester::Quoted(table.name), "(", columns, table.also, ")",
                      table.without_rowid ? " WITHOUT ROWID" : "");
}

absl::Status AddRows(tester::SqliteFile& file, const SampleTable& table, std::int64_t first,
                     std::uint64_t count, std::uint64_t seed) {
  const std::string names =
      absl::StrJoin(table.columns, ", ", [](std::string* out, const SampleColumn& column) {
        absl::StrAppend(out, tester::Quoted(column.name));
      });
  const std::vector<char> marks(table.columns.size(), '?');
  const std::string sql =
      absl::StrCat("INSERT INTO ", tester::Quoted(table.name), "(", names, ") VALUES(",
                   absl::StrJoin(marks, ",", [](std::string* out, char c) { *out += c; }), ")");
  absl::StatusOr<tester::Statement> insert = file.Prepare(sql);
  if (!insert.ok()) return insert.status();
  std::vector<std::string> rooms(table.columns.size());
  Dice dice(seed ^ NameSeed(table.name) ^ static_cast<std::uint64_t>(first));
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::int64_t row = first + static_cast<std::int64_t>(i);
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const SampleColumn& column = table.columns[c];
      BindContent(insert->get(), static_cast<int>(c) + 1, column.content, row, column.nullable,
                  dice, rooms[c]);
    }
    if (absl::Status ran = insert->Run(); !ran.ok()) return ran;
  }
  return absl::OkStatus();
}

absl::StatusOr<SampleSize> MakeSample(const std::string& path, std::uint64_t rows,
                                      std::uint64_t seed) {
  for (const char* const suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code ignored;
    std::filesystem::remove(path + suffix, ignored);
  }
  absl::StatusOr<tester::SqliteFile> file =
      tester::SqliteFile::Open(path, tester::SqliteFile::Mode::kCreate);
  if (!file.ok()) return file.status();
  if (absl::Status set = file->Execute(kFastSettings); !set.ok()) return set;
  SampleSize size;
  for (const SampleTable& table : SampleTables()) {
    const auto count =
        static_cast<std::uint64_t>(std::ceil(static_cast<double>(rows) * table.share));
    if (absl::Status made = file->Execute(Declaration(table)); !made.ok()) return made;
    if (absl::Status added = AddRows(*file, table, 1, count, seed); !added.ok()) return added;
    ++size.tables;
    size.rows += count;
  }
  for (const std::string& extra : SampleExtras()) {
    if (absl::Status made = file->Execute(extra); !made.ok()) return made;
  }
  // From now on the database is in WAL mode, like most databases in use.
  if (absl::Status ended =
          file->Execute("COMMIT; PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL");
      !ended.ok()) {
    return ended;
  }
  return size;
}

}  // namespace tributary::demo
