#include "worker/sources/postgresql/server_view.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tributary::postgresql {
namespace {

constexpr char kDoing[] = "look at the server's transactions";

}  // namespace

std::uint32_t TimelineOf(std::string_view life) {
  absl::string_view rest(life.data(), life.size());
  std::uint32_t timeline = 0;
  if (!absl::ConsumePrefix(&rest, "timeline ") ||
      !absl::SimpleAtoi(rest.substr(0, rest.find(' ')), &timeline)) {
    return 0;
  }
  return timeline;
}

absl::StatusOr<Snapshot> ParseSnapshot(std::string_view text) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(absl::string_view(text.data(), text.size()), ':');
  std::uint64_t all_before = 0;
  std::uint64_t none_from = 0;
  std::vector<std::uint64_t> except;
  bool parses = parts.size() == 3 && absl::SimpleAtoi(parts[0], &all_before) &&
                absl::SimpleAtoi(parts[1], &none_from);
  if (parses) {
    for (const absl::string_view one : absl::StrSplit(parts[2], ',', absl::SkipEmpty())) {
      parses = parses && absl::SimpleAtoi(one, &except.emplace_back());
    }
  }
  if (!parses) {
    return absl::DataLossError(absl::StrCat(
        kDoing, ": the text of a snapshot does not parse; report the server's version"));
  }
  return MakeSnapshot(all_before, none_from, std::move(except));
}

absl::StatusOr<ServerView> TakeView(Session& session) {
  const auto rows = session.Query(
      absl::StrCat("SELECT pg_current_snapshot()::text, pg_backend_pid(), ", kLifeSql), kDoing);
  if (!rows.ok()) return rows.status();
  auto snapshot = ParseSnapshot(rows->at(0, 0));
  if (!snapshot.ok()) return snapshot.status();
  return ServerView{
      .snapshot = *std::move(snapshot), .life = rows->text(0, 2), .process = rows->number(0, 1)};
}

absl::StatusOr<ServerView> TakeNextView(Session& session, const ServerView& earlier) {
  const auto rows = session.Query("SELECT pg_current_snapshot()::text, pg_backend_pid()", kDoing);
  if (!rows.ok()) return rows.status();
  if (rows->number(0, 1) != earlier.process) return TakeView(session);
  auto snapshot = ParseSnapshot(rows->at(0, 0));
  if (!snapshot.ok()) return snapshot.status();
  return ServerView{
      .snapshot = *std::move(snapshot), .life = earlier.life, .process = earlier.process};
}

absl::StatusOr<std::uint64_t> TakeTransactionNumber(Session& session) {
  const auto rows = session.Query("SELECT pg_current_xact_id()::text", kDoing);
  if (!rows.ok()) return rows.status();
  return static_cast<std::uint64_t>(rows->number(0, 0));
}

// `local`: not to wait for a standby that may be down.
absl::Status WriteMessage(Session& session, std::string_view text) {
  return session
      .Query(absl::StrCat("BEGIN; SET LOCAL synchronous_commit = local; "
                          "SELECT pg_logical_emit_message(true, 'tributary', ",
                          Literal(text), "); COMMIT"),
             "write a message into the log")
      .status();
}

}  // namespace tributary::postgresql
