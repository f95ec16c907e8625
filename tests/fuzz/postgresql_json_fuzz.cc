// Any text as a value of type json: if it is JSON, it is written in jsonb's form, which does not
// change when it is read again; otherwise it is refused.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/limits.h"
#include "common/text.h"
#include "worker/sources/postgresql/json_text.h"

namespace tributary::postgresql {
namespace {

void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

// Whether a number in it may be too large for a double; the other parser refuses such numbers.
bool MayHoldLargeNumbers(std::string_view text) {
  constexpr int kMostDigits = 100;
  constexpr int kMostOfExponent = 2;
  int digits = 0;
  int most = kMostDigits;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    digits = is_digit ? digits + 1 : 0;
    if (digits > most) return true;
    if (c == 'e' || c == 'E') {
      most = kMostOfExponent;
    } else if (!is_digit && c != '+' && c != '-') {
      most = kMostDigits;
    }
  }
  return false;
}

void Check(std::string_view text) {
  std::string once;
  const JsonbForm form = AppendJsonbForm(text, once);
  // The other parser refuses single surrogates and text that is not UTF-8; a text that is nested
  // too deeply is not changed.
  const bool comparable = IsUtf8(text) && text.find("\\u") == std::string_view::npos &&
                          text.find('\0') == std::string_view::npos &&
                          !text.starts_with("\xef\xbb\xbf") &&
                          text.size() < limits::kPostgresqlJsonDepth && !MayHoldLargeNumbers(text);
  if (comparable) {
    Require((form == JsonbForm::kWritten) == nlohmann::json::accept(text),
            "what is JSON is decided as another parser does");
  }
  if (form != JsonbForm::kWritten || text.size() > limits::kPostgresqlJsonDepth) return;
  if (comparable) Require(nlohmann::json::accept(once), "the form is JSON");
  std::string twice;
  Require(AppendJsonbForm(once, twice) == JsonbForm::kWritten, "the form is read");
  Require(once == twice, "the form does not change");
}

}  // namespace
}  // namespace tributary::postgresql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tributary::postgresql::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
