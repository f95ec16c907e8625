#include "worker/sources/sqlite/page_walk.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "common/limits.h"

namespace tributary::sqlite {
namespace {

// A b-tree of SQLite cannot be deeper.
constexpr std::size_t kDeepestTree = 20;
// Leaves without a row that are read to find the next one with rows.
constexpr int kEmptyLeaves = 64;

std::int64_t RowidOf(std::string_view cell) {
  Cursor cursor(cell);
  cursor.Varint();
  return static_cast<std::int64_t>(cursor.Varint());
}

}  // namespace

bool PageWalk::Begin(const ReadAssignment& read, const RowidRange& rowids) {
  path_.clear();
  begun_ = false;
  last_rowid_.reset();
  rowids_ = rowids;
  const Pages::Tree* const tree = pages_.Find(read.table());
  if (tree == nullptr || rowids.empty) return false;
  root_ = tree->root;
  secret_ = read.digest_secret();
  secret_.resize(std::max<std::size_t>(secret_.size(), XXH3_SECRET_SIZE_MIN));
  std::string interpretation = tree->interpretation;
  for (const auto& column : read.columns()) {
    const std::string text = column.SerializeAsString();
    interpretation.append(std::to_string(text.size())).append(" ").append(text);
  }
  interpretation_ = Hash(interpretation);
  return true;
}

std::optional<PageWalk::Leaf> PageWalk::Next() {
  for (int tries = 0; tries < kEmptyLeaves; ++tries) {
    const std::optional<std::uint32_t> number = begun_ ? NextChild() : root_;
    begun_ = true;
    if (!number.has_value() || !Descend(*number)) return std::nullopt;
    if (!ParsePage(leaf_bytes_, leaf_) || leaf_.type != BTreePage::kTableLeaf) return std::nullopt;
    if (leaf_.cells.empty()) continue;
    if (RowidOf(leaf_.cells.front()) > rowids_.last) return std::nullopt;
    Leaf leaf = Measure();
    if (leaf.rows == 0) continue;
    if (leaf.rows == leaf_.cells.size()) leaf.hash = HashOfLeaf();
    if (last_rowid_.has_value() && leaf.last_rowid <= *last_rowid_) return std::nullopt;
    last_rowid_ = leaf.last_rowid;
    return leaf;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> PageWalk::NextChild() {
  while (!path_.empty()) {
    Inner& inner = path_.back();
    if (++inner.child < inner.page.cells.size()) {
      return static_cast<std::uint32_t>(Cursor(inner.page.cells[inner.child]).Number(4));
    }
    if (inner.child == inner.page.cells.size()) return inner.page.right_child;
    path_.pop_back();
  }
  return std::nullopt;
}

bool PageWalk::Descend(std::uint32_t number) {
  for (;;) {
    if (!pages_.Read(number, leaf_bytes_)) return false;
    if (static_cast<BTreePage::Type>(leaf_bytes_.front()) == BTreePage::kTableLeaf) return true;
    if (path_.size() == kDeepestTree) return false;
    Inner& inner = path_.emplace_back();
    inner.bytes = leaf_bytes_;
    auto page = ParsePage(inner.bytes);
    if (!page.has_value() || page->type != BTreePage::kTableInner) return false;
    inner.page = *std::move(page);
    // The first child that may hold a row of the range: a cell's rowid is its child's last.
    const auto& cells = inner.page.cells;
    const auto child =
        std::partition_point(cells.begin(), cells.end(), [this](std::string_view cell) {
          Cursor cursor(cell);
          cursor.Number(4);
          return static_cast<std::int64_t>(cursor.Varint()) < rowids_.first;
        });
    inner.child = static_cast<std::size_t>(child - cells.begin());
    number = child == cells.end() ? inner.page.right_child
                                  : static_cast<std::uint32_t>(Cursor(*child).Number(4));
  }
}

PageWalk::Leaf PageWalk::Measure() const {
  const auto& cells = leaf_.cells;
  auto first = cells.begin();
  if (RowidOf(cells.front()) < rowids_.first) {
    first = std::partition_point(first, cells.end(), [this](std::string_view cell) {
      return RowidOf(cell) < rowids_.first;
    });
  }
  auto end = cells.end();
  if (RowidOf(cells.back()) > rowids_.last) {
    end = std::partition_point(
        first, end, [this](std::string_view cell) { return RowidOf(cell) <= rowids_.last; });
  }
  Leaf leaf;
  leaf.rows = static_cast<std::size_t>(end - first);
  if (leaf.rows > 0) leaf.last_rowid = RowidOf(*(end - 1));
  return leaf;
}

std::optional<PageWalk::PageHash> PageWalk::HashOfLeaf() {
  PageHash hash = Hash(leaf_bytes_);
  std::size_t left = limits::kSqliteOverflowBytes;
  const auto add = [&](std::string_view overflow) {
    if (overflow.size() > left) return false;
    left -= overflow.size();
    // The hash so far, then the page.
    std::string both(reinterpret_cast<const char*>(hash.data()), sizeof hash);
    both.append(overflow);
    hash = Hash(both);
    return true;
  };
  const std::uint64_t most = MostPayloadOnPage(/*index=*/false, pages_.usable_bytes());
  for (const std::string_view cell : leaf_.cells) {
    if (Cursor(cell).Varint() <= most) continue;
    if (!pages_.ReadOverflow(cell, /*has_child=*/false, /*index=*/false, add)) return std::nullopt;
  }
  for (std::size_t at = 0; at < hash.size(); ++at) hash[at] ^= interpretation_[at];
  return hash;
}

std::string_view PageWalk::Leaf::digest() const {
  if (!hash.has_value()) return {};
  return {reinterpret_cast<const char*>(hash->data()), sizeof *hash};
}

PageWalk::PageHash PageWalk::Hash(std::string_view bytes) const {
  static_assert(std::endian::native == std::endian::little);
  const XXH128_hash_t hash =
      XXH3_128bits_withSecret(bytes.data(), bytes.size(), secret_.data(), secret_.size());
  return {hash.low64, hash.high64};
}

}  // namespace tributary::sqlite
