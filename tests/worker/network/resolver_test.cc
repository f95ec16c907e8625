// Names are resolved inside the sandbox, whatever the name server does.
#include "worker/network/resolver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/worker/network/beat_times.h"
#include "tests/worker/network/name_server.h"
#include "tests/worker/sandbox/attempts.h"

namespace tributary {
namespace {

using std::chrono::milliseconds;
using tests::BeatTimes;
using tests::NameServer;
using tests::NameServerDoes;

constexpr char kHost[] = "db.tributary.test";

// Runs in a child: in its own network, and inside the sandbox of a client.
class ResolverTest : public testing::Test {
 protected:
  using Body = std::function<void(Complaints&, const NameServer&)>;

  // Empty if all is well; skips the test if a network cannot be made.
  std::string ComplaintsWith(NameServerDoes deed, const Body& body) const {
    return ComplaintsOf([&](Complaints& complaints) {
      complaints.Check(tests::EnterOwnNetwork(directory_), "a new network");
      if (!complaints.text().empty()) return;
      // Never destroyed: it ends with this process, which cannot kill processes inside the sandbox.
      const NameServer& server = *new NameServer(deed);
      const auto report = EnterSandbox({.tcp_ports = {5432}}, {});
      complaints.Check(report.ok(), std::string(report.status().message()));
      body(complaints, server);
    });
  }
  void SetUp() override {
    const std::string may = ComplaintsOf([&](Complaints& complaints) {
      complaints.Check(tests::EnterOwnNetwork(directory_), "a new network");
    });
    if (!may.empty()) GTEST_SKIP() << "making network namespaces is not permitted";
  }

  TestDirectory directory_;
};

TEST_F(ResolverTest, DeadNameServerIsWaitedForWithBeatsAndNotForLong) {
  constexpr milliseconds kPatience(2500);
  EXPECT_EQ(ComplaintsWith(
                NameServerDoes::kNothing,
                [&](Complaints& complaints, const NameServer& server) {
                  BeatTimes pulse;
                  const auto begun = BeatTimes::Clock::now();
                  const auto found = ResolveHost(kHost, pulse, kPatience);
                  const auto took = BeatTimes::Clock::now() - begun;
                  complaints.Check(absl::IsUnavailable(found.status()), found.status().ToString());
                  complaints.Check(server.asked() > 0, "the server is asked");
                  complaints.Check(took >= kPatience, "it is waited for");
                  complaints.Check(took < kPatience + milliseconds(1000),
                                   "not much longer than allowed");
                  complaints.Check(pulse.longest_gap() < milliseconds(1000),
                                   "it beats more than once a second");
                  complaints.Check(found.status().message().find(kHost) != std::string::npos,
                                   "the host is named");
                }),
            "");
}

TEST_F(ResolverTest, NameThatIsNotThereIsTheUsersToCorrect) {
  EXPECT_EQ(ComplaintsWith(NameServerDoes::kSayThatThereIsNone,
                           [](Complaints& complaints, const NameServer& server) {
                             BeatTimes pulse;
                             const auto found = ResolveHost(kHost, pulse);
                             complaints.Check(absl::IsFailedPrecondition(found.status()),
                                              found.status().ToString());
                             complaints.Check(server.asked() > 0, "the server is asked");
                           }),
            "");
}

TEST_F(ResolverTest, AddressesComeInDigits) {
  EXPECT_EQ(ComplaintsWith(NameServerDoes::kGiveAnAddress,
                           [](Complaints& complaints, const NameServer&) {
                             BeatTimes pulse;
                             const auto found = ResolveHost(kHost, pulse);
                             complaints.Check(found.ok(), found.status().ToString());
                             if (!found.ok()) return;
                             complaints.Check(
                                 *found == std::vector<std::string>{tests::kGivenAddress},
                                 "the address that the server gave");
                           }),
            "");
}

TEST(ResolveHostTest, AddressIsItsOwnAndAskedOfNobody) {
  BeatTimes pulse;
  for (const std::string address : {"127.0.0.1", "::1", "2001:db8::7"}) {
    const auto found = ResolveHost(address, pulse);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(*found, std::vector<std::string>{address});
  }
}

TEST(ResolveHostTest, WhatIsNoHostIsRefusedAndNeverRepeated) {
  BeatTimes pulse;
  for (const std::string& host :
       {std::string(), std::string("postgres://user:hunter2@db/x"), std::string("user@db"),
        std::string("db hunter2"), std::string("db\0x", 4), std::string("/var/run/postgresql"),
        std::string(300, 'a')}) {
    const auto found = ResolveHost(host, pulse);
    EXPECT_TRUE(absl::IsFailedPrecondition(found.status())) << found.status();
    EXPECT_EQ(found.status().message().find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace tributary
