#include "worker/sources/sqlite/pages.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "worker/sources/sqlite/amalgamation/page_access.h"
#include "worker/sources/sqlite/btree_page.h"

namespace tributary::sqlite {
namespace {

constexpr std::uint32_t kSmallestPage = 512;
constexpr char kTreesSql[] =
    "SELECT name, rootpage, sql FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 1";

}  // namespace

absl::Status Pages::Prepare() {
  if (opening_ == connection_.openings() && schema_ == connection_.schema()) {
    return absl::OkStatus();
  }
  trees_.clear();
  auto trees = connection_.Prepare(kTreesSql, "");
  if (!trees.ok()) return trees.status();
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(trees->get())) == SQLITE_ROW) {
    trees_.insert_or_assign(
        absl::AsciiStrToLower(ColumnText(trees->get(), 0)),
        Tree{.root = static_cast<std::uint32_t>(sqlite3_column_int64(trees->get(), 1)),
             .interpretation = absl::StrCat(kReadingVersion, " ", sqlite3_sourceid(), " ",
                                            connection_.header().text_encoding(), " ",
                                            ColumnText(trees->get(), 2))});
  }
  if (code != SQLITE_DONE) return connection_.Error(code, "read catalog of", "");
  opening_ = connection_.openings();
  schema_ = connection_.schema();
  return absl::OkStatus();
}

const Pages::Tree* Pages::Find(const std::string& table) {
  const FileHeader& header = connection_.header();
  if (header.page_bytes() < kSmallestPage || !Prepare().ok()) return nullptr;
  usable_bytes_ = header.page_bytes() - header.bytes[20];
  const auto tree = trees_.find(absl::AsciiStrToLower(table));
  return tree == trees_.end() ? nullptr : &tree->second;
}

bool Pages::Read(std::uint32_t number, std::string& bytes) {
  if (number < 2) return false;
  bytes.resize(usable_bytes_);
  return tributary_copy_page(connection_.db(), number, bytes.data(),
                             static_cast<int>(bytes.size())) == SQLITE_OK;
}

bool Pages::ReadOverflow(std::string_view cell, bool has_child, bool index,
                         absl::FunctionRef<bool(std::string_view)> add) {
  Cursor cursor(cell);
  if (has_child) cursor.Number(4);
  const std::uint64_t payload = cursor.Varint();
  if (!index) cursor.Varint();
  const std::uint64_t on_page = PayloadOnPage(index, payload, usable_bytes_);
  cursor.Take(on_page);
  std::uint64_t left = payload - on_page;
  std::uint64_t next = left > 0 ? cursor.Number(4) : 0;
  if (cursor.over()) return false;
  for (; left > 0; left -= std::min(left, usable_bytes_ - 4)) {
    if (!Read(static_cast<std::uint32_t>(next), overflow_) || !add(overflow_)) return false;
    next = Cursor(overflow_).Number(4);
  }
  return true;
}

}  // namespace tributary::sqlite
