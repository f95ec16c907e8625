#include "worker/sources/sqlite/btree.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "common/limits.h"
#include "worker/sources/sqlite/btree_page.h"

namespace tributary::sqlite {
namespace {

constexpr int kDeepestTree = 20;

// A record's value of serial type `type`.
KeyValue DecodeValue(std::uint64_t type, Cursor& body) {
  constexpr std::array<std::size_t, 8> kSizes{0, 1, 2, 3, 4, 6, 8, 8};
  if (type == 8 || type == 9) return static_cast<std::int64_t>(type - 8);
  if (type == 0 || type == 10 || type == 11) return std::monostate();
  if (type >= 12) {
    const std::string bytes(body.Take((type - 12) / 2));
    return type % 2 == 0 ? KeyValue(Blob{bytes}) : KeyValue(bytes);
  }
  const std::size_t size = kSizes[type];
  const std::uint64_t bits = body.Number(size);
  if (type == 7) return std::bit_cast<double>(bits);
  const std::size_t unused = 64 - 8 * size;
  return static_cast<std::int64_t>(bits << unused) >> unused;
}

}  // namespace

// Subtrees side by side, and the cuts between them.
struct BTreeReader::Level {
  std::vector<std::uint32_t> children;
  // One fewer; empty if a key could not be decoded.
  std::vector<std::optional<Cut>> cuts;
};

BTreeReader::BTreeReader(sqlite3* db, const FileHeader& header)
    : file_(MainFile(db)),
      page_bytes_(header.page_bytes()),
      usable_bytes_(page_bytes_ - std::min<std::uint32_t>(page_bytes_, header.bytes[20])),
      utf8_(header.text_encoding() == 1) {}

std::optional<BTreePage> BTreeReader::Read(std::uint32_t number,
                                           std::vector<unsigned char>& bytes) {
  if (file_ == nullptr || number < 2 || page_bytes_ < 512) return std::nullopt;
  bytes.resize(page_bytes_);
  ++pages_read_;
  const auto offset = static_cast<sqlite3_int64>(number - 1) * page_bytes_;
  if (file_->pMethods->xRead(file_, bytes.data(), static_cast<int>(page_bytes_), offset) !=
      SQLITE_OK) {
    return std::nullopt;
  }
  const std::string_view view(reinterpret_cast<const char*>(bytes.data()), usable_bytes_);
  return ParsePage(view);
}

std::uint64_t BTreeReader::GuessBytes(std::uint32_t root) {
  double leaves = 1;
  std::uint32_t number = root;
  for (int depth = 0; depth < kDeepestTree; ++depth) {
    const auto page = Read(number, bytes_);
    if (!page.has_value()) return 0;
    if (!page->inner()) {
      std::uint64_t payload = 0;
      for (const std::string_view cell : page->cells) payload += Cursor(cell).Varint() & 0x7fffffff;
      const auto rows = static_cast<double>(std::max<std::size_t>(page->cells.size(), 1));
      // An index's inner pages hold rows too: one between each two leaves.
      const double inner = page->index() ? (leaves - 1) / rows : 0;
      return static_cast<std::uint64_t>(
          std::min((leaves + inner) * static_cast<double>(payload), 1e18));
    }
    leaves *= static_cast<double>(page->cells.size() + 1);
    // The middle child: the last one is often half empty.
    number =
        page->cells.empty()
            ? page->right_child
            : static_cast<std::uint32_t>(Cursor(page->cells[page->cells.size() / 2]).Number(4));
  }
  return 0;
}

std::optional<Key> BTreeReader::DecodeKey(std::string_view cell, std::size_t columns) const {
  Cursor cursor(cell);
  cursor.Number(4);
  const std::uint64_t payload = cursor.Varint();
  const std::string_view record = cursor.Take(PayloadOnPage(true, payload, usable_bytes_));
  Cursor head(record);
  const std::uint64_t head_bytes = head.Varint();
  if (cursor.over() || head_bytes > record.size()) return std::nullopt;
  Cursor body(record.substr(head_bytes));
  Key key;
  while (key.size() < columns) {
    if (head.at() >= head_bytes) return std::nullopt;
    key.push_back(DecodeValue(head.Varint(), body));
  }
  if (head.over() || body.over() || !CanBeBound(key)) return std::nullopt;
  return key;
}

bool BTreeReader::Expand(const Level& level, std::size_t key_columns, Level& next) {
  for (std::size_t at = 0; at < level.children.size(); ++at) {
    const auto page = Read(level.children[at], bytes_);
    if (!page.has_value()) return false;
    if (!page->inner() || page->index() != (key_columns > 0)) return false;
    for (const std::string_view cell : page->cells) {
      Cursor cursor(cell);
      next.children.push_back(static_cast<std::uint32_t>(cursor.Number(4)));
      if (key_columns == 0) {
        next.cuts.push_back(Cut{.rowid = static_cast<std::int64_t>(cursor.Varint()), .key = {}});
      } else if (auto key = DecodeKey(cell, key_columns)) {
        next.cuts.push_back(Cut{.rowid = 0, .key = *std::move(key)});
      } else {
        next.cuts.push_back(std::nullopt);
      }
    }
    next.children.push_back(page->right_child);
    if (at < level.cuts.size()) next.cuts.push_back(level.cuts[at]);
  }
  return true;
}

std::vector<BTreeReader::Cut> BTreeReader::FindCuts(std::uint32_t root, std::size_t wanted,
                                                    std::size_t key_columns) {
  if (key_columns > 0 && !utf8_) return {};
  pages_read_ = 0;
  Level level{.children = {root}, .cuts = {}};
  for (int depth = 0; depth < kDeepestTree; ++depth) {
    if (pages_read_ + level.children.size() > limits::kSqliteMaxPagesForCuts) break;
    Level next;
    if (!Expand(level, key_columns, next)) break;
    level = std::move(next);
    if (level.cuts.size() >= wanted) break;
  }
  std::vector<Cut> cuts;
  for (std::optional<Cut>& cut : level.cuts) {
    if (cut.has_value()) cuts.push_back(*std::move(cut));
  }
  return cuts;
}

}  // namespace tributary::sqlite
