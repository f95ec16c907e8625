// One page of a b-tree, as bytes (https://sqlite.org/fileformat2.html, section 1.6).
//
// Nothing in a page is trusted: it may be damaged, torn or made by an attacker. Pure.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_BTREE_PAGE_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_BTREE_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tributary::sqlite {

// Reads big-endian numbers and varints; past the end it reads zeros and says so.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t Number(std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t at = 0; at < size; ++at) value = value << 8 | Byte();
    return value;
  }
  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (int at = 0; at < 8; ++at) {
      const std::uint64_t byte = Byte();
      value = value << 7 | (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return value << 8 | Byte();
  }
  // Empty if there are fewer than `size` bytes.
  std::string_view Take(std::uint64_t size);
  std::size_t at() const { return at_; }
  bool over() const { return over_; }

 private:
  unsigned char Byte() {
    if (at_ < bytes_.size()) return static_cast<unsigned char>(bytes_[at_++]);
    over_ = true;
    return 0;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool over_ = false;
};

struct BTreePage {
  enum Type : unsigned char {
    kIndexInner = 2,
    kTableInner = 5,
    kIndexLeaf = 10,
    kTableLeaf = 13,
  };
  Type type = kTableLeaf;
  // Each from its first byte to the page's end.
  std::vector<std::string_view> cells;
  // Of an inner page.
  std::uint32_t right_child = 0;

  bool inner() const { return type == kIndexInner || type == kTableInner; }
  bool index() const { return type == kIndexInner || type == kIndexLeaf; }
};

// `bytes`: the page's usable bytes, which outlive the result. Nothing: it is no page of a b-tree.
std::optional<BTreePage> ParsePage(std::string_view bytes);
// The same into `page`. False: it is no page of a b-tree.
bool ParsePage(std::string_view bytes, BTreePage& page);

// The longest payload that is on its cell's page as a whole.
std::uint64_t MostPayloadOnPage(bool index, std::uint64_t usable_bytes);
// How many bytes of a cell's payload are on the cell's own page; the rest is on overflow pages,
// whose first number follows them. `index`: as in BTreePage.
std::uint64_t PayloadOnPage(bool index, std::uint64_t payload, std::uint64_t usable_bytes);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_BTREE_PAGE_H_
