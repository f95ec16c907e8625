// Which request gets which answer, from whom.
#include "supervisor/web/pages.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "supervisor/status/sync_report.h"

namespace tributary::tests {
namespace {

constexpr char kToken[] = "0123456789abcdef0123456789abcdef";

class PagesTest : public ::testing::Test {
 protected:
  static WebRequest Request(std::string_view target) {
    return {.method = "GET", .target = target, .host = {}, .authorization = {}, .cookie = {}};
  }
  WebAnswer Get(std::string_view target) const { return open_.Answer(Request(target)); }
  static std::string Field(const WebAnswer& answer, const std::string& name) {
    for (const auto& [field, value] : answer.fields) {
      if (field == name) return value;
    }
    return "";
  }

  Metrics metrics_;
  StatusBoard board_{metrics_};
  const Pages open_{board_, "", "1.2"};
  const Pages closed_{board_, kToken, "1.2"};
};

TEST_F(PagesTest, EachPathHasItsKindOfAnswer) {
  const struct {
    const char* path;
    const char* type;
  } kPaths[] = {{"/", "text/html"},
                {"/metrics", "text/plain; version=0.0.4"},
                {"/healthz", "text/plain"},
                {"/readyz", "text/plain"},
                {"/status.json", "application/json"},
                {"/status.json?tables=1", "application/json"}};
  for (const auto& one : kPaths) {
    const WebAnswer answer = Get(one.path);
    EXPECT_EQ(answer.status, 200) << one.path;
    EXPECT_TRUE(absl::StartsWith(Field(answer, "Content-Type"), one.type)) << one.path;
    EXPECT_EQ(Field(answer, "X-Content-Type-Options"), "nosniff") << one.path;
    EXPECT_EQ(Field(answer, "Cache-Control"), "no-store") << one.path;
    EXPECT_TRUE(absl::StrContains(Field(answer, "Content-Security-Policy"), "default-src 'none'"));
  }
  for (const char* path : {"/x", "/index.html", "//", "", "/status.json/", "/favicon.ico"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
}

TEST_F(PagesTest, StatusCanOnlyBeRead) {
  for (const char* method : {"POST", "PUT", "DELETE", "HEAD", ""}) {
    WebRequest request = Request("/status.json");
    request.method = method;
    EXPECT_EQ(open_.Answer(request).status, 405) << method;
  }
}

TEST_F(PagesTest, QueryThatIsNoneIsRefused) {
  for (const char* target :
       {"/status.json?tables=", "/status.json?tables=x", "/status.json?tables=-1",
        "/status.json?tables=1&since=x", "/status.json?tables=99999999999999999999"}) {
    EXPECT_EQ(Get(target).status, 400) << target;
  }
  EXPECT_EQ(nlohmann::json::parse(Get("/status.json?tables=7").body)["found"], false);
}

TEST_F(PagesTest, PageBringsAllItNeedsAndMayRunNothingElse) {
  const WebAnswer page = Get("/");
  EXPECT_TRUE(absl::StrContains(page.body, "<style>"));
  EXPECT_TRUE(absl::StrContains(page.body, "<script>"));
  EXPECT_FALSE(absl::StrContains(page.body, "<!--s")) << "a placeholder was not replaced";
  EXPECT_FALSE(absl::StrContains(page.body, "http")) << "the page refers to another site";
  const std::string policy = Field(page, "Content-Security-Policy");
  EXPECT_TRUE(absl::StrContains(policy, "script-src 'sha256-")) << policy;
  EXPECT_TRUE(absl::StrContains(policy, "style-src 'sha256-")) << policy;
  EXPECT_FALSE(absl::StrContains(policy, "unsafe")) << policy;
}

TEST_F(PagesTest, ReadinessEndsWithDrainingAndLifeDoesNot) {
  EXPECT_EQ(Get("/readyz").status, 200);
  board_.Drains();
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/healthz").status, 200);
}

TEST_F(PagesTest, WithATokenEverythingButMetricsAndProbesAsksForIt) {
  for (const char* path : {"/metrics", "/healthz", "/readyz"}) {
    EXPECT_EQ(closed_.Answer(Request(path)).status, 200) << path;
  }
  for (const char* path : {"/", "/status.json", "/status.json?tables=1", "/?token=wrong",
                           "/?token=", "/status.json?token=0123456789abcdef0123456789abcdef"}) {
    const WebAnswer answer = closed_.Answer(Request(path));
    EXPECT_EQ(answer.status, 401) << path;
    EXPECT_EQ(Field(answer, "WWW-Authenticate"), "Bearer") << path;
    EXPECT_FALSE(absl::StrContains(answer.body, kToken)) << path;
  }
  WebRequest program = Request("/status.json");
  const std::string field = absl::StrCat("Bearer ", kToken);
  program.authorization = field;
  EXPECT_EQ(closed_.Answer(program).status, 200);
}

TEST_F(PagesTest, WebSiteWhoseNameHasBecomeThisMachineReadsNothing) {
  const struct {
    const char* host;
    int status;
  } kHosts[] = {{"", 200},
                {"localhost", 200},
                {"LOCALHOST:9464", 200},
                {"127.0.0.1", 200},
                {"127.0.0.1:80", 200},
                {"[::1]:9464", 200},
                {"[::1]", 200},
                {"evil.example", 403},
                {"evil.example:9464", 403},
                {"localhost.evil.example", 403},
                {"127.evil.example", 403},
                {"[fe80::1]:9464", 403},
                {"10.0.0.1", 403}};
  for (const auto& one : kHosts) {
    for (const char* path : {"/", "/status.json"}) {
      WebRequest request = Request(path);
      request.host = one.host;
      request.loopback = true;
      EXPECT_EQ(open_.Answer(request).status, one.status) << one.host << path;
      request.loopback = false;
      EXPECT_EQ(open_.Answer(request).status, 200) << one.host << path;
    }
    WebRequest scrape = Request("/metrics");
    scrape.host = one.host;
    scrape.loopback = true;
    EXPECT_EQ(open_.Answer(scrape).status, 200) << one.host;
  }
  // Such a site does not have the token.
  WebRequest with_token = Request("/");
  const std::string field = absl::StrCat("Bearer ", kToken);
  with_token.authorization = field;
  with_token.host = "monitoring.example";
  with_token.loopback = true;
  EXPECT_EQ(closed_.Answer(with_token).status, 200);
}

TEST_F(PagesTest, BrowserBringsTheTokenOnceAndHasACookieFromThenOn) {
  const std::string target = absl::StrCat("/?token=%30", std::string(kToken).substr(1));
  const WebAnswer in = closed_.Answer(Request(target));
  EXPECT_EQ(in.status, 303);
  EXPECT_EQ(Field(in, "Location"), "/");
  const std::string set = Field(in, "Set-Cookie");
  WebRequest next = Request("/");
  const std::string cookie = set.substr(0, set.find(';'));
  next.cookie = cookie;
  EXPECT_EQ(closed_.Answer(next).status, 200);
  next.target = "/status.json";
  EXPECT_EQ(closed_.Answer(next).status, 200);
}

TEST_F(PagesTest, StatusOfARunningSyncIsThatOfTheBoard) {
  SyncReport report(board_, "id", "sqlite", "shop.db");
  report.ShowTables({{.name = "main.<script>alert(1)</script>", .phase = "pending"}});
  const auto status = nlohmann::json::parse(Get("/status.json").body);
  EXPECT_EQ(status["version"], "1.2");
  ASSERT_EQ(status["running"].size(), 1u);
  const std::uint64_t sync = status["running"][0]["sync"];
  const auto tables =
      nlohmann::json::parse(Get(absl::StrCat("/status.json?tables=", sync, "&since=0")).body);
  EXPECT_EQ(tables["tables"][0][1], "main.<script>alert(1)</script>");
}

}  // namespace
}  // namespace tributary::tests
