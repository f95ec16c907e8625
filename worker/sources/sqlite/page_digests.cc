#include "worker/sources/sqlite/page_digests.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/digest.h"
#include "common/limits.h"
#include "worker/sources/sqlite/btree_page.h"

namespace tributary::sqlite {
namespace {

constexpr std::size_t kDigits = 16;

}  // namespace

std::string PageDigestOf(Pages& pages, const std::string& table) {
  const Pages::Tree* const tree = pages.Find(table);
  if (tree == nullptr) return "";
  Digest digest;
  digest.Text(tree->interpretation);
  std::size_t left = limits::kSqliteDigestedBytes;
  const auto add = [&digest, &left](std::string_view page) {
    if (page.size() > left) return false;
    left -= page.size();
    digest.Text(page);
    return true;
  };
  std::vector<std::uint32_t> todo{tree->root};
  std::string bytes;
  while (!todo.empty()) {
    const std::uint32_t number = todo.back();
    todo.pop_back();
    if (!pages.Read(number, bytes) || !add(bytes)) return "";
    const auto page = ParsePage(bytes);
    if (!page.has_value()) return "";
    const bool inner = page->inner();
    if (inner) todo.push_back(page->right_child);
    for (const std::string_view cell : page->cells) {
      if (inner) todo.push_back(static_cast<std::uint32_t>(Cursor(cell).Number(4)));
      // The inner pages of a table hold no rows.
      const bool has_payload = page->index() || !inner;
      if (has_payload && !pages.ReadOverflow(cell, inner, page->index(), add)) return "";
    }
  }
  return digest.Hex(kDigits);
}

}  // namespace tributary::sqlite
