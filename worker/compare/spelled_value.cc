#include "worker/compare/spelled_value.h"

#include <string>

#include "common/batch/wire.h"
#include "worker/compare/entries.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tributary {
namespace {

// A decimal's digits without zeros at the end of its fraction.
std::string_view Plain(std::string_view digits) {
  if (digits.find('.') == std::string_view::npos) return digits;
  digits = digits.substr(0, digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.remove_suffix(1);
  return digits;
}

// Little-endian, as on the wire.
bool IsMinusZero(std::string_view real) {
  constexpr char kSign = '\x80';
  return real.back() == kSign && real.find_first_not_of('\0') == real.size() - 1;
}

}  // namespace

std::optional<std::uint64_t> SpelledValue(std::string_view key) {
  bool spelled = false;
  std::string value;
  while (!key.empty()) {
    const auto field = TakeField(key);
    if (!field.has_value()) return std::nullopt;
    const char tag = field->front();
    std::string_view content = field->substr(1);
    value.push_back(tag);
    if (tag == wire::kDecimalTag) {
      wire::TakeVarint(content);
      spelled = true;
      value.append(Plain(content)).push_back('\0');
    } else if (tag == wire::kFloatTag || tag == wire::kDoubleTag) {
      spelled = true;
      value.append(IsMinusZero(content) ? std::string(content.size(), '\0') : std::string(content));
    } else {
      value.append(content);
    }
  }
  if (!spelled) return std::nullopt;
  return XXH3_64bits(value.data(), value.size());
}

}  // namespace tributary
