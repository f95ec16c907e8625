#include "supervisor/web/pages.h"

#include <openssl/sha.h>

#include <array>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "supervisor/status/status_json.h"
#include "supervisor/web/page_text.h"

namespace tributary {
namespace {

constexpr char kMetrics[] = "/metrics";
constexpr char kLives[] = "/healthz";
constexpr char kReady[] = "/readyz";
constexpr char kStatus[] = "/status.json";
constexpr char kPage[] = "/";

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kExposition[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kJson[] = "application/json; charset=utf-8";
constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr char kNothing[] = "default-src 'none'; frame-ancestors 'none'";

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

WebAnswer Say(int status, const char* type, std::string body) {
  return {.status = status, .fields = {{"Content-Type", type}}, .body = std::move(body)};
}

// How a policy names a script or style that is part of the page.
std::string SourceOf(absl::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::StrCat("'sha256-",
                      absl::Base64Escape(absl::string_view(
                          reinterpret_cast<const char*>(digest.data()), digest.size())),
                      "'");
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Replaces %41 by A; anything that is not such an escape stays.
std::string Decoded(absl::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : HexDigit(text[i + 2]);
    if (low < 0) {
      decoded.push_back(text[i]);
      continue;
    }
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

std::optional<std::string> Parameter(std::string_view query, absl::string_view name) {
  for (const absl::string_view part : absl::StrSplit(Absl(query), '&')) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (pair.first == name) return Decoded(pair.second);
  }
  return std::nullopt;
}

std::string_view PathOf(const WebRequest& request) {
  return request.target.substr(0, request.target.find('?'));
}

std::string_view QueryOf(const WebRequest& request) {
  const std::size_t mark = request.target.find('?');
  return mark == std::string_view::npos ? "" : request.target.substr(mark + 1);
}

// The field Host, with or without a port; none at all comes from no browser.
bool IsLoopbackHost(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon);
  const std::string name =
      absl::AsciiStrToLower(Absl(host.substr(0, has_port ? colon : host.size())));
  return name.empty() || name == "localhost" || name == "[::1]" ||
         (absl::StartsWith(name, "127.") &&
          name.find_first_not_of("0123456789.") == std::string::npos);
}

bool IsOpen(std::string_view path) { return path == kMetrics || path == kLives || path == kReady; }

bool IsKnown(std::string_view path) { return IsOpen(path) || path == kStatus || path == kPage; }

}  // namespace

Pages::Pages(const StatusBoard& board, std::string token, std::string version)
    : board_(board), token_(std::move(token)), version_(std::move(version)) {
  page_ = absl::StrReplaceAll(kPageHtml,
                              {{"<!--style-->", absl::StrCat("<style>", kPageCss, "</style>")},
                               {"<!--script-->", absl::StrCat("<script>", kPageJs, "</script>")}});
  page_policy_ = absl::StrCat("default-src 'none'; script-src ", SourceOf(kPageJs), "; style-src ",
                              SourceOf(kPageCss),
                              "; connect-src 'self'; img-src data:; base-uri 'none'; form-action "
                              "'self'; frame-ancestors 'none'");
}

WebAnswer Pages::Answer(const WebRequest& request) const {
  WebAnswer answer = Find(request);
  bool has_policy = false;
  for (const auto& [name, value] : answer.fields) has_policy |= name == "Content-Security-Policy";
  if (!has_policy) answer.fields.emplace_back("Content-Security-Policy", kNothing);
  answer.fields.emplace_back("Cache-Control", "no-store");
  answer.fields.emplace_back("Referrer-Policy", "no-referrer");
  answer.fields.emplace_back("X-Content-Type-Options", "nosniff");
  return answer;
}

WebAnswer Pages::Find(const WebRequest& request) const {
  const std::string_view path = PathOf(request);
  if (!IsKnown(path))
    return Say(404, kText, "There are /, /status.json, /metrics, /healthz and /readyz.\n");
  if (request.method != "GET") {
    WebAnswer refused = Say(405, kText, absl::StrCat(Absl(path), " can only be read.\n"));
    refused.fields.emplace_back("Allow", "GET");
    return refused;
  }
  if (path == kMetrics) return Say(200, kExposition, board_.Exposition());
  if (path == kLives) return Say(200, kText, "ok\n");
  if (path == kReady) {
    return board_.draining() ? Say(503, kText, "shutting down\n") : Say(200, kText, "ok\n");
  }
  if (IsRebound(request)) {
    return Say(
        403, kText,
        "Open this page as http://localhost:PORT or http://127.0.0.1:PORT, or set "
        "--web-token-file: by another name a web site could read it through your browser.\n");
  }
  if (!MayRead(request)) return LetIn(request);
  if (path == kStatus) return Status(QueryOf(request));
  // A token that is not needed is removed from the browser's address.
  if (Parameter(QueryOf(request), "token").has_value()) return LetIn(request);
  WebAnswer page = Say(200, kHtml, page_);
  page.fields.emplace_back("Content-Security-Policy", page_policy_);
  return page;
}

// A web site whose name has become an address of this machine has the browser of somebody on
// this machine read what it may not (DNS rebinding).
bool Pages::IsRebound(const WebRequest& request) const {
  return request.loopback && !token_.asked() && !IsLoopbackHost(request.host);
}

bool Pages::MayRead(const WebRequest& request) const {
  return !token_.asked() || token_.IsAuthorization(request.authorization) ||
         token_.IsInCookie(request.cookie);
}

// Redirects a browser that gave the token to the page, with a cookie.
WebAnswer Pages::LetIn(const WebRequest& request) const {
  const auto given = Parameter(QueryOf(request), "token");
  if (PathOf(request) == kPage && given.has_value() &&
      (!token_.asked() || token_.IsToken(*given))) {
    WebAnswer in = Say(303, kText, "");
    in.fields.emplace_back("Location", "/");
    if (token_.asked()) in.fields.emplace_back("Set-Cookie", token_.CookieToSet());
    return in;
  }
  WebAnswer refused = Say(401, kText,
                          "Give the token of --web-token-file: as /?token=TOKEN in a browser, as "
                          "\"Authorization: Bearer TOKEN\" otherwise.\n");
  refused.fields.emplace_back("WWW-Authenticate", "Bearer");
  return refused;
}

WebAnswer Pages::Status(std::string_view query) const {
  const auto tables = Parameter(query, "tables");
  if (!tables.has_value()) return Say(200, kJson, StatusJson(board_.Look(), version_));
  std::uint64_t sync = 0;
  std::uint64_t since = 0;
  if (!absl::SimpleAtoi(*tables, &sync) ||
      !absl::SimpleAtoi(Parameter(query, "since").value_or("0"), &since)) {
    return Say(400, kText, "Ask for /status.json?tables=SYNC&since=VERSION, both numbers.\n");
  }
  return Say(200, kJson, TablesJson(board_.TablesOf(sync, since)));
}

}  // namespace tributary
