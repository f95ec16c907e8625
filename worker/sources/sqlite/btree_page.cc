#include "worker/sources/sqlite/btree_page.h"

namespace tributary::sqlite {

std::string_view Cursor::Take(std::uint64_t size) {
  if (size > bytes_.size() - at_) {
    over_ = true;
    return {};
  }
  const std::string_view taken = bytes_.substr(at_, size);
  at_ += size;
  return taken;
}

std::optional<BTreePage> ParsePage(std::string_view bytes) {
  BTreePage page;
  if (!ParsePage(bytes, page)) return std::nullopt;
  return page;
}

bool ParsePage(std::string_view bytes, BTreePage& page) {
  Cursor head(bytes);
  page.type = static_cast<BTreePage::Type>(head.Number(1));
  page.cells.clear();
  if (!page.inner() && page.type != BTreePage::kIndexLeaf && page.type != BTreePage::kTableLeaf) {
    return false;
  }
  head.Number(2);
  const std::uint64_t cells = head.Number(2);
  head.Number(3);
  page.right_child = page.inner() ? static_cast<std::uint32_t>(head.Number(4)) : 0;
  for (std::uint64_t cell = 0; cell < cells; ++cell) {
    const std::uint64_t at = head.Number(2);
    if (head.over() || at >= bytes.size()) return false;
    page.cells.push_back(bytes.substr(at));
  }
  return true;
}

std::uint64_t MostPayloadOnPage(bool index, std::uint64_t usable_bytes) {
  return index ? (usable_bytes - 12) * 64 / 255 - 23 : usable_bytes - 35;
}

std::uint64_t PayloadOnPage(bool index, std::uint64_t payload, std::uint64_t usable_bytes) {
  const std::uint64_t most = MostPayloadOnPage(index, usable_bytes);
  const std::uint64_t least = (usable_bytes - 12) * 32 / 255 - 23;
  if (payload <= most) return payload;
  const std::uint64_t local = least + (payload - least) % (usable_bytes - 4);
  return local <= most ? local : least;
}

}  // namespace tributary::sqlite
