// Any text as a value of type json: JSON in jsonb's form, which stays as it is when it is
// read again, where it is JSON; otherwise it is said to be none.
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

// Whether a number in it may be too large for a double, which the other parser refuses.
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
  // The other parser takes no surrogate alone and wants UTF-8; one that is nested too
  // deeply stays as it came.
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
  Require(once == twice, "the form stays as it is");
}

}  // namespace
}  // namespace tributary::postgresql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tributary::postgresql::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
