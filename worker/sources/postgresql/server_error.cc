#include "worker/sources/postgresql/server_error.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tributary::postgresql {
namespace {

constexpr char kSqlStateUrl[] = "tributary/sqlstate";
constexpr std::size_t kSqlStateBytes = 5;

struct Meaning {
  // A SQLSTATE, or the two characters of its class.
  std::string_view sqlstate;
  absl::StatusCode code;
  std::string_view cure;
  // Has to be in the message.
  std::string_view says = {};
};

// The first that fits.
constexpr std::array kStatementMeanings = {
    Meaning{"42704", absl::StatusCode::kFailedPrecondition,
            "the log has changes from a time when it did not exist, and these cannot be read; "
            "re-sync the connection, which copies the tables again",
            "publication"},
    // Of logical decoding: of an array's or composite's part.
    Meaning{"42883", absl::StatusCode::kFailedPrecondition,
            "the log has a value of this type, and the server cannot send it. Give the columns "
            "that contain the type another one, or take their tables out of the publication and "
            "deselect them; then drop the replication slot (SELECT pg_drop_replication_slot('…')), "
            "and re-sync the connection, which copies the tables again",
            "no binary output function"},
    Meaning{kTooLargeForServer, absl::StatusCode::kDataLoss,
            "a row of it is larger than the 1 GB that the server can send; make it smaller, or "
            "deselect a column"},
    Meaning{"42P01", absl::StatusCode::kNotFound, "it is gone; the next sync looks for it again"},
    Meaning{"3F000", absl::StatusCode::kNotFound, "it is gone; the next sync looks for it again"},
    Meaning{"42703", absl::StatusCode::kNotFound,
            "a column is gone; the next sync looks for it again"},
    Meaning{kInsufficientPrivilege, absl::StatusCode::kDataLoss,
            "grant the connector's role SELECT on it, and exempt the role from row-level security"},
    Meaning{"57014", absl::StatusCode::kUnavailable,
            "the server cancelled the query; it is tried again"},
    Meaning{kLockNotAvailable, absl::StatusCode::kUnavailable,
            "another session has it locked; it is tried again"},
    Meaning{"53300", absl::StatusCode::kUnavailable,
            "raise the server's max_connections, or lower --workers"},
    // Connections, rollbacks (conflict with recovery, deadlock), want of resources, an operator.
    Meaning{"08", absl::StatusCode::kUnavailable, "the connection broke; it is tried again"},
    Meaning{"40", absl::StatusCode::kUnavailable,
            "it is tried again; on a standby raise max_standby_streaming_delay"},
    Meaning{"53", absl::StatusCode::kUnavailable, "the server lacks memory, disk or connections"},
    Meaning{"57", absl::StatusCode::kUnavailable,
            "the server ended the session; it is tried again"},
    Meaning{"25", absl::StatusCode::kUnavailable, "the server ended the transaction"},
    Meaning{"22", absl::StatusCode::kDataLoss,
            "a value of it cannot be computed; look at its columns"},
    Meaning{"23", absl::StatusCode::kDataLoss, "a value of it breaks a constraint"},
    // A standby that became the primary with a slot that was copied to it, or a slot's file that
    // someone has removed.
    Meaning{"58P01", absl::StatusCode::kFailedPrecondition,
            "drop the replication slot (SELECT pg_drop_replication_slot('…')), and re-sync the "
            "connection, which copies the tables again",
            "has already been removed"},
    Meaning{"58", absl::StatusCode::kDataLoss, "the server cannot read its files; see its log"},
    // Of logical decoding, after a table was rewritten and the server crashed.
    Meaning{"XX000", absl::StatusCode::kFailedPrecondition,
            "the server cannot read its log; drop the replication slot (SELECT "
            "pg_drop_replication_slot('…')), and re-sync the connection, which copies the tables "
            "again",
            "could not map filenode"},
    Meaning{"XX", absl::StatusCode::kDataLoss, "its data may be damaged; see the server's log"},
};

constexpr std::array kLoginMeanings = {
    Meaning{"28P01", absl::StatusCode::kFailedPrecondition, "correct `user` or `password`"},
    Meaning{"28000", absl::StatusCode::kFailedPrecondition,
            "the server lets clients in by a certificate; upload in `sslcert` and `sslkey` one "
            "whose name (CN) is `user`'s, signed by the server's authority",
            "certificate"},
    Meaning{"28000", absl::StatusCode::kFailedPrecondition,
            "correct `user`, or let it in from the connector's address (pg_hba.conf, or the "
            "provider's firewall and users), with the `sslmode` that is asked for"},
    Meaning{"28", absl::StatusCode::kFailedPrecondition, "correct the login"},
    Meaning{"3D000", absl::StatusCode::kFailedPrecondition, "correct `database`"},
    Meaning{kInsufficientPrivilege, absl::StatusCode::kFailedPrecondition,
            "grant the role CONNECT on the database, and REPLICATION to follow its log"},
    Meaning{"55000", absl::StatusCode::kFailedPrecondition,
            "the database takes no connections; ALTER DATABASE … ALLOW_CONNECTIONS true"},
    Meaning{"0A000", absl::StatusCode::kFailedPrecondition,
            "name the server itself in `host`, not a pooler in front of it"},
    // pgbouncer's only SQLSTATE for most that it refuses.
    Meaning{"08P01", absl::StatusCode::kFailedPrecondition,
            "a pooler in front of the server lets nobody replicate; name the server itself in "
            "`host`, or set `update_method` to compare",
            "replication"},
    Meaning{"08P01", absl::StatusCode::kFailedPrecondition, "correct `database`",
            "no such database"},
    Meaning{"53300", absl::StatusCode::kUnavailable,
            "all connections are taken; raise the server's max_connections, or lower --workers"},
};

// What libpq says itself, before a server does.
struct Words {
  std::string_view text;
  std::string_view cure;
};
constexpr std::array kLoginWords = {
    Words{"no password supplied", "give `password`"},
    Words{"server does not support SSL",
          "switch TLS on at the server (ssl = on), or set `sslmode` to disable in a network that "
          "you trust"},
    Words{"certificate verify failed",
          "upload the certificate of the authority that signed the server's in `sslrootcert`, and "
          "see that the server's has not expired"},
    Words{"does not match host name",
          "give in `host` a name that is in the server's certificate, "
          "or set `sslmode` to verify-ca"},
    Words{"key values mismatch", "upload `sslcert` and `sslkey` of one pair"},
    Words{"certificate does not match private key", "upload `sslcert` and `sslkey` of one pair"},
    Words{"root certificate file", "upload the authority's PEM file in `sslrootcert` again"},
    Words{"certificate file", "upload the client certificate's PEM file in `sslcert` again"},
    Words{"certificate present, but not private key", "upload the key in `sslkey`"},
    Words{"private key file",
          "upload the key of the client certificate in `sslkey` again, without a "
          "passphrase"},
    Words{"alert",
          "the server refuses the client certificate, or speaks another version of TLS; "
          "look at its log, and at `sslcert`"},
};

template <typename Meanings>
const Meaning* Find(const Meanings& meanings, std::string_view sqlstate, std::string_view message) {
  const auto found = std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& one) {
    return sqlstate.substr(0, one.sqlstate.size()) == one.sqlstate &&
           message.find(one.says) != std::string_view::npos;
  });
  return found == meanings.end() ? nullptr : &*found;
}

absl::Status WithSqlState(absl::Status status, std::string_view sqlstate) {
  if (!sqlstate.empty()) {
    status.SetPayload(kSqlStateUrl,
                      absl::Cord(absl::string_view(sqlstate.data(), sqlstate.size())));
  }
  return status;
}

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// The first line; no end of sentence.
std::string OneLine(std::string_view message) {
  std::string line(message.substr(0, message.find('\n')));
  absl::StripAsciiWhitespace(&line);
  if (!line.empty() && line.back() == '.') line.pop_back();
  return line;
}

// What libpq puts before a server's words, and the server's word for the end of a session.
void TakePreamble(std::string& line) {
  constexpr std::string_view kFailed = " failed: ";
  constexpr absl::string_view kFatal = "FATAL:  ";
  const std::size_t failed = line.find(kFailed);
  if (failed != std::string::npos) line.erase(0, failed + kFailed.size());
  if (absl::StartsWith(line, kFatal)) line.erase(0, kFatal.size());
}

// Takes "28P01: " out of 'FATAL:  28P01: password authentication failed'.
std::string TakeSqlState(std::string& line) {
  for (std::size_t at = line.find(":  "); at != std::string::npos; at = line.find(":  ", at + 1)) {
    const std::size_t state = at + 3;
    const std::size_t end = state + kSqlStateBytes;
    if (end + 1 >= line.size() || line[end] != ':') continue;
    const bool is_state = std::all_of(line.begin() + static_cast<std::ptrdiff_t>(state),
                                      line.begin() + static_cast<std::ptrdiff_t>(end), [](char c) {
                                        return absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
                                               absl::ascii_isupper(static_cast<unsigned char>(c));
                                      });
    if (!is_state) continue;
    std::string sqlstate = line.substr(state, kSqlStateBytes);
    line.erase(state, kSqlStateBytes + 2);
    return sqlstate;
  }
  return "";
}

}  // namespace

absl::Status StatementError(std::string_view doing, std::string_view sqlstate,
                            std::string_view message) {
  if (sqlstate.empty()) {
    return absl::UnavailableError(absl::StrCat(
        View(doing), ": the connection broke: ", OneLine(message), "; it is tried again"));
  }
  const Meaning* const meaning = Find(kStatementMeanings, sqlstate, message);
  const absl::StatusCode code = meaning == nullptr ? absl::StatusCode::kDataLoss : meaning->code;
  const std::string_view cure =
      meaning == nullptr ? std::string_view("look it up in the server's log") : meaning->cure;
  // Those of data and of constraints may repeat a value.
  const bool holds_values = sqlstate.substr(0, 2) == "22" || sqlstate.substr(0, 2) == "23";
  const std::string says = holds_values ? "" : absl::StrCat(OneLine(message), " ");
  return WithSqlState(absl::Status(code, absl::StrCat(View(doing), ": ", says, "(SQLSTATE ",
                                                      View(sqlstate), "); ", View(cure))),
                      sqlstate);
}

absl::Status LoginError(std::string_view server, std::string_view message) {
  std::string line = OneLine(message);
  const std::string sqlstate = TakeSqlState(line);
  TakePreamble(line);
  const std::string text = absl::StrCat("connect to ", View(server), ": ", line);
  if (!sqlstate.empty()) {
    const Meaning* const meaning = Find(kLoginMeanings, sqlstate, line);
    if (meaning == nullptr) {
      return WithSqlState(absl::UnavailableError(absl::StrCat(text, " (SQLSTATE ", sqlstate,
                                                              "); look at the server's log")),
                          sqlstate);
    }
    return WithSqlState(absl::Status(meaning->code, absl::StrCat(text, "; ", View(meaning->cure))),
                        sqlstate);
  }
  for (const Words& words : kLoginWords) {
    if (line.find(words.text) == std::string::npos) continue;
    return absl::FailedPreconditionError(absl::StrCat(text, "; ", View(words.cure)));
  }
  return absl::UnavailableError(absl::StrCat(
      text,
      "; check `host` and `port`, that the server runs, and that its firewall lets the "
      "connector in"));
}

std::string SqlStateOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kSqlStateUrl);
  return payload.has_value() ? std::string(*payload) : "";
}

}  // namespace tributary::postgresql
