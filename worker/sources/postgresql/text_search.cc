#include "worker/sources/postgresql/text_search.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "worker/sources/postgresql/numbers.h"
#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {
namespace {

void AppendQuoted(std::string_view lexeme, std::string& out) {
  out.push_back('\'');
  for (const char c : lexeme) {
    if (c == '\'' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('\'');
}

enum Operator : std::uint8_t { kOperand = 0, kNot = 1, kAnd = 2, kOr = 3, kPhrase = 4 };

// Which binds more closely.
int PriorityOf(Operator what) {
  constexpr std::array<int, 5> kPriorities = {5, 4, 2, 1, 3};
  return kPriorities[what];
}

struct Item {
  Operator what = kOperand;
  std::uint8_t weights = 0;
  bool prefix = false;
  std::int16_t distance = 0;
  std::string_view text;
  // Of an operator: places of its operands; of a `!` the right one alone.
  std::size_t left = 0;
  std::size_t right = 0;
};

std::optional<Item> TakeItem(WireReader& reader) {
  Item item;
  const auto kind = reader.Take<std::uint8_t>();
  if (kind == 1) {
    item.weights = reader.Take<std::uint8_t>();
    item.prefix = reader.Take<std::uint8_t>() != 0;
    item.text = reader.TakeText();
  } else if (kind == 2) {
    const auto what = reader.Take<std::uint8_t>();
    if (what < kNot || what > kPhrase) return std::nullopt;
    item.what = static_cast<Operator>(what);
    if (item.what == kPhrase) item.distance = reader.Take<std::int16_t>();
  } else {
    return std::nullopt;
  }
  return reader.ok() ? std::optional(item) : std::nullopt;
}

// Finds the operands: read backwards, prefix order is postfix order. False where the
// items are not one tree.
bool JoinItems(std::vector<Item>& items) {
  std::vector<std::size_t> open;
  for (std::size_t at = items.size(); at-- > 0;) {
    Item& item = items[at];
    if (item.what != kOperand) {
      if (open.size() < (item.what == kNot ? 1u : 2u)) return false;
      item.right = open.back();
      open.pop_back();
      if (item.what != kNot) {
        item.left = open.back();
        open.pop_back();
      }
    }
    open.push_back(at);
  }
  return open.size() == 1;
}

void AppendOperand(const Item& item, std::string& out) {
  AppendQuoted(item.text, out);
  if (!item.prefix && item.weights == 0) return;
  out.push_back(':');
  if (item.prefix) out.push_back('*');
  for (int bit = 3; bit >= 0; --bit) {
    if ((item.weights >> bit & 1) != 0) out.push_back(static_cast<char>('D' - bit));
  }
}

void AppendOperator(const Item& item, std::string& out) {
  switch (item.what) {
    case kAnd:
      out.append(" & ");
      break;
    case kOr:
      out.append(" | ");
      break;
    case kPhrase:
      if (item.distance == 1) {
        out.append(" <-> ");
      } else {
        out.append(" <");
        AppendInteger(item.distance, out);
        out.append("> ");
      }
      break;
    default:
      break;
  }
}

// What is left to print: an item within an operator, or what comes between and after.
struct Step {
  enum What { kItem, kOperator, kClose } what = kItem;
  std::size_t item = 0;
  int outer_priority = 0;
  // It is the right operand of a <->, which depends on the order.
  bool right_of_phrase = false;
};

void AppendTree(const std::vector<Item>& items, std::string& out) {
  std::vector<Step> steps = {{.what = Step::kItem, .item = 0, .outer_priority = -1}};
  while (!steps.empty()) {
    const Step step = steps.back();
    steps.pop_back();
    const Item& item = items[step.item];
    if (step.what == Step::kClose) {
      out.append(" )");
      continue;
    }
    if (step.what == Step::kOperator) {
      AppendOperator(item, out);
      continue;
    }
    if (item.what == kOperand) {
      AppendOperand(item, out);
      continue;
    }
    const int priority = PriorityOf(item.what);
    if (priority < step.outer_priority || (item.what == kPhrase && step.right_of_phrase)) {
      out.append("( ");
      steps.push_back({.what = Step::kClose});
    }
    // Last in, first out.
    if (item.what == kNot) {
      out.push_back('!');
      steps.push_back({.item = item.right, .outer_priority = priority});
      continue;
    }
    steps.push_back(
        {.item = item.right, .outer_priority = priority, .right_of_phrase = item.what == kPhrase});
    steps.push_back({.what = Step::kOperator, .item = step.item});
    steps.push_back({.item = item.left, .outer_priority = priority});
  }
}

}  // namespace

bool AppendTsvector(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto lexemes = reader.Take<std::uint32_t>();
  for (std::uint32_t i = 0; i < lexemes && reader.ok(); ++i) {
    if (i > 0) out.push_back(' ');
    AppendQuoted(reader.TakeText(), out);
    const auto positions = reader.Take<std::uint16_t>();
    for (std::uint16_t at = 0; at < positions && reader.ok(); ++at) {
      const auto position = reader.Take<std::uint16_t>();
      out.push_back(at == 0 ? ':' : ',');
      AppendUnsigned(position & 0x3fff, out);
      const int weight = position >> 14;
      if (weight > 0) out.push_back(static_cast<char>('D' - weight));
    }
  }
  return reader.Ended();
}

bool AppendTsquery(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto count = reader.Take<std::uint32_t>();
  // An item has two bytes at the least.
  if (!reader.ok() || count > reader.left()) return false;
  std::vector<Item> items;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto item = TakeItem(reader);
    if (!item) return false;
    items.push_back(*item);
  }
  if (!reader.Ended()) return false;
  if (items.empty()) return true;
  if (!JoinItems(items)) return false;
  AppendTree(items, out);
  return true;
}

}  // namespace tributary::postgresql
