// A new replication slot waits for running transactions: which ones, and how long.
#include "worker/sources/postgresql/log_slot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/process/processes.h"
#include "tests/worker/sources/postgresql/reading.h"

namespace tributary::postgresql {
namespace {

using postgresql_test::CountingPulse;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using tests::PostgresServer;

constexpr char kSlot[] = "waits";

class NewSlot : public testing::Test {
 protected:
  NewSlot()
      : server_(PostgresServer::Make(
            {.settings = {{"wal_level", "logical"}, {"max_prepared_transactions", "2"}}})) {
    EXPECT_TRUE(server_.ok()) << server_.status();
    UseRole(PostgresServer::kUser);
  }

  void UseRole(const std::string& role) {
    const auto settings = ReadSettings({{"source", "postgresql"},
                                        {"host", PostgresServer::kHost},
                                        {"port", absl::StrCat((*server_)->port())},
                                        {"database", PostgresServer::kDatabase},
                                        {"user", role},
                                        {"sslmode", "disable"}});
    EXPECT_TRUE(settings.ok()) << settings.status();
    auto login = PreparedLogin::Make(settings->login, false);
    EXPECT_TRUE(login.ok()) << login.status();
    login_.emplace(*std::move(login));
  }
  absl::StatusOr<Lsn> Make(const SlotPatience& patience, const std::function<bool()>& stopped) {
    Session session(*login_, pulse_, std::chrono::seconds(5), Session::Kind::kStatements);
    LogConnection log(*login_, pulse_, std::chrono::seconds(5));
    absl::Status opened = session.Open();
    if (opened.ok()) opened = log.Open();
    if (!opened.ok()) return opened;
    return PrepareSlot(session, log, kSlot, 0, 0,
                       {.warn = [this](const std::string& text) { warnings_.push_back(text); },
                        .stopped = stopped,
                        .log = {},
                        .patience = patience});
  }
  // A session with a transaction for which a new slot waits.
  std::unique_ptr<tests::PostgresSession> Begin() {
    auto open = (*server_)->Connect();
    EXPECT_TRUE(open.ok()) << open.status();
    EXPECT_TRUE((*open)->Execute("BEGIN; SELECT pg_current_xact_id()").ok());
    return *std::move(open);
  }
  std::string Slots() { return (*server_)->Ask("SELECT count(*) FROM pg_replication_slots"); }

  absl::StatusOr<std::unique_ptr<PostgresServer>> server_;
  CountingPulse pulse_;
  std::optional<PreparedLogin> login_;
  std::vector<std::string> warnings_;
};

TEST_F(NewSlot, IsGivenUpAfterItsPatienceAndThoseThatItWaitsForAreNamed) {
  ASSERT_TRUE((*server_)
                  ->Execute("CREATE TABLE t (); BEGIN; SELECT pg_current_xact_id(); "
                            "PREPARE TRANSACTION 'forgotten'")
                  .ok());
  const auto open = Begin();
  const auto made = Make({.blockers_every = std::chrono::seconds(1),
                          .warn_after = std::chrono::seconds(1),
                          .give_up_after = std::chrono::seconds(3)},
                         [] { return false; });
  EXPECT_TRUE(absl::IsFailedPrecondition(made.status())) << made.status();
  const auto names_them =
      AllOf(ContainsRegex(absl::StrCat("process ", open->backend(), " \\(test\\), for [0-9]+ s")),
            ContainsRegex("prepared transaction 'forgotten' of database postgres, for [0-9]+ s"),
            HasSubstr("End them"));
  EXPECT_THAT(std::string(made.status().message()), names_them);
  // Only one warning, however long the wait takes.
  ASSERT_THAT(warnings_, SizeIs(1));
  EXPECT_THAT(warnings_.front(), names_them);
  // No slot remains, which would make the server keep its log.
  EXPECT_TRUE(tests::Eventually([this] { return Slots() == "0"; }));
}

// This role has no right to see the age of other sessions' transactions.
TEST_F(NewSlot, NamesWhatItWaitsForToARoleThatMayOnlyReplicate) {
  ASSERT_TRUE((*server_)->Execute("CREATE ROLE follower LOGIN REPLICATION").ok());
  UseRole("follower");
  const auto open = Begin();
  const auto made = Make({.blockers_every = std::chrono::seconds(1),
                          .warn_after = std::chrono::seconds(1),
                          .give_up_after = std::chrono::seconds(1)},
                         [] { return false; });
  EXPECT_THAT(std::string(made.status().message()),
              HasSubstr(absl::StrCat("process ", open->backend(), " (test)")));
}

TEST_F(NewSlot, IsThereOnceTheTransactionsHaveEnded) {
  const auto open = Begin();
  int asked = 0;
  const std::uint64_t beats = pulse_.beats;
  const auto made = Make({.blockers_every = std::chrono::seconds(1)}, [&] {
    if (++asked == 2) {
      EXPECT_TRUE(open->Execute("COMMIT").ok());
    }
    return false;
  });
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_GT(*made, 0u);
  EXPECT_GE(asked, 2);
  EXPECT_GT(pulse_.beats, beats);
  EXPECT_EQ(Slots(), "1");
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(NewSlot, IsNotWaitedForWhereTheSyncStops) {
  const auto open = Begin();
  const auto made = Make({}, [] { return true; });
  EXPECT_TRUE(absl::IsCancelled(made.status())) << made.status();
  // The transaction is still running.
  EXPECT_TRUE(tests::Eventually([this] { return Slots() == "0"; }));
}

}  // namespace
}  // namespace tributary::postgresql
