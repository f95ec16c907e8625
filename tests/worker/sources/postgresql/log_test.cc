// The log as a server wrote it: its messages, its framing, and the position from which a sync
// resumes, for every position at which the sync before it may end.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "tests/worker/sources/postgresql/golden.h"
#include "worker/sources/postgresql/log_cursor.h"
#include "worker/sources/postgresql/pgoutput.h"
#include "worker/sources/postgresql/replication_stream.h"

namespace tributary::postgresql {
namespace {

using Type = PgoutputMessage::Type;

struct Logged {
  Lsn start = 0;
  std::string bytes;
};

Lsn LsnOf(const std::string& text) {
  const std::size_t slash = text.find('/');
  return std::stoull(text.substr(0, slash), nullptr, 16) << 32 |
         std::stoull(text.substr(slash + 1), nullptr, 16);
}

const std::vector<Logged>& GoldenLog() {
  static const std::vector<Logged> kLog = [] {
    std::vector<Logged> log;
    for (const auto& line : ReadCopyText("log.txt")) {
      log.push_back({.start = LsnOf(line[0]), .bytes = FromHex(line[1])});
    }
    return log;
  }();
  return kLog;
}

std::string Described(const Tuple& tuple) {
  std::string text = "(";
  for (const TupleColumn& column : tuple) {
    if (text.size() > 1) text += " ";
    text.push_back(static_cast<char>(column.form));
    if (column.form == TupleColumn::Form::kText) text.append(column.value);
    if (column.form == TupleColumn::Form::kBinary) {
      text += column.value.size() > 20 ? "..." : ToHex(column.value);
    }
  }
  return text + ")";
}

// The message as text, without OIDs, positions and times, which differ in each run.
std::string Described(const PgoutputMessage& message) {
  std::string text(1, static_cast<char>(message.type));
  switch (message.type) {
    case Type::kRelation:
      text.append(" ").append(message.schema).append(".").append(message.name);
      text.append(" ").push_back(message.identity);
      for (const RelationColumn& column : message.columns) {
        text.append(column.in_identity ? " *" : " ").append(column.name);
        if (column.typmod != -1) text.append("/").append(std::to_string(column.typmod));
      }
      break;
    case Type::kType:
      text.append(" ").append(message.schema).append(".").append(message.name);
      break;
    case Type::kInsert:
      text += " " + Described(message.new_tuple);
      break;
    case Type::kUpdate:
      if (message.old != PgoutputMessage::Old::kNothing) {
        text.append(" ").push_back(static_cast<char>(message.old));
        text += Described(message.old_tuple);
      }
      text += " " + Described(message.new_tuple);
      break;
    case Type::kDelete:
      text.append(" ").push_back(static_cast<char>(message.old));
      text += Described(message.old_tuple);
      break;
    case Type::kTruncate:
      text += " " + std::to_string(message.truncated.size());
      if (message.cascade) text += " cascade";
      if (message.restart_identity) text += " restart identity";
      break;
    case Type::kMessage:
      text.append(message.transactional ? " in transaction " : " ").append(message.name);
      text.append(": ").append(message.content);
      break;
    default:
      break;
  }
  return text;
}

TEST(PgoutputTest, MessagesOfAServerAreWhatItDid) {
  const char* const expected[] = {
      "B",
      "Y public.mood",
      "R odd schema.T 1 d *id body amount/786438 m acl",
      "I (b00000001 b... b0002000000000002000c0bb8 b6f6b n)",
      "I (b00000002 n n n tpostgres=r/postgres)",
      "U (b00000001 u b00010000000000020005 b6f6b n)",
      "U K(b00000001 n n n n) (b0000000a u b00010000000000020005 b6f6b n)",
      "D K(b00000002 n n n n)",
      "C",
      "B",
      "R public.whole f *a *b",
      "I (b00000001 b...)",
      "U O(b00000001 b...) (b00000002 u)",
      "D O(b00000002 b...)",
      "R public.by_index i id *k v",
      "I (b00000001 b00000001 b76)",
      "U (b00000002 b00000001 b76)",
      "U K(n b00000001 n) (b00000002 b00000002 b76)",
      "D K(n b00000002 n)",
      "C",
      "B",
      "Y public.mood",
      "R odd schema.T 1 d *id body amount/786438 m acl",
      "R public.whole f *a *b",
      "T 2 cascade restart identity",
      "C",
      "B",
      "R public.whole f *a *b",
      "I (b00000005 b6265666f7265)",
      "R public.whole f *a *b *c",
      "I (b00000006 b6166746572 b00000007)",
      "C",
      "B",
      "M in transaction tributary: end\n of sync",
      "C",
      "M tributary: ",
      "B",
      "R public.whole f *a *b *c",
      "I (b00000001 b6f6e65 b00000001)",
      "I (b00000002 b74776f b00000002)",
      "I (b00000003 b7468726565 b00000003)",
      "C",
  };
  std::vector<std::string> described;
  PgoutputMessage message;
  for (const Logged& logged : GoldenLog()) {
    const absl::Status status = ParsePgoutput(logged.bytes, message);
    ASSERT_TRUE(status.ok()) << status;
    described.push_back(Described(message));
  }
  EXPECT_EQ(described, std::vector<std::string>(std::begin(expected), std::end(expected)));
}

TEST(PgoutputTest, BeginAndCommitNameTheTransaction) {
  PgoutputMessage begin;
  ASSERT_TRUE(ParsePgoutput(FromHex("42000000010000000200000000000003e8ffffffff"), begin).ok());
  EXPECT_EQ(begin.final_lsn, 0x1'0000'0002u);
  EXPECT_EQ(begin.time, 1000);
  EXPECT_EQ(begin.transaction, 0xffff'ffffu);
  PgoutputMessage commit;
  ASSERT_TRUE(
      ParsePgoutput(FromHex("4300000000010000000200000001000000ff00000000000003e8"), commit).ok());
  EXPECT_EQ(commit.final_lsn, 0x1'0000'0002u);
  EXPECT_EQ(commit.end_lsn, 0x1'0000'00ffu);
}

TEST(PgoutputTest, OriginsAreRead) {
  PgoutputMessage message;
  ASSERT_FALSE(ParsePgoutput(FromHex("4f000000000000000161006262"), message).ok());
  ASSERT_TRUE(ParsePgoutput(FromHex("4f0000000000000001616200"), message).ok());
  EXPECT_EQ(message.type, Type::kOrigin);
  EXPECT_EQ(message.name, "ab");
}

TEST(PgoutputTest, NoPartOfAMessageIsTakenForOne) {
  PgoutputMessage message;
  for (const Logged& logged : GoldenLog()) {
    const std::string_view bytes = logged.bytes;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const absl::Status status = ParsePgoutput(bytes.substr(0, size), message);
      ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << size << " of " << ToHex(bytes);
    }
    EXPECT_FALSE(ParsePgoutput(logged.bytes + "x", message).ok());
  }
}

TEST(PgoutputTest, WhatIsNotOfTheProtocolIsRefused) {
  const char* const messages[] = {
      "",
      "53",                          // stream start, of protocol 2
      "49000000014b0000",            // an insert of an old tuple
      "49000000014e000178",          // a column of an unknown form
      "49000000014e000162ffffffff",  // a column of negative size
      "49000000014e0001627fffffff",  // a column larger than the message
      "55000000014f0000",            // an update without a new tuple
      "44000000014e0000",            // a delete of a new tuple
      "54ffffffff00",                // a truncate of more relations than there are
      "52000000016100",              // a relation without its rest
  };
  PgoutputMessage message;
  for (const char* const bytes : messages) {
    EXPECT_EQ(ParsePgoutput(FromHex(bytes), message).code(), absl::StatusCode::kDataLoss) << bytes;
  }
}

TEST(ReplicationStreamTest, LogDataAndKeepalivesAreRead) {
  ReplicationMessage message;
  ASSERT_TRUE(ParseReplicationMessage(
                  FromHex("770000000100000002000000010000000300000000000003e8616263"), message)
                  .ok());
  EXPECT_EQ(message.type, ReplicationMessage::Type::kLogData);
  EXPECT_EQ(message.start, 0x1'0000'0002u);
  EXPECT_EQ(message.end, 0x1'0000'0003u);
  EXPECT_EQ(message.clock, 1000);
  EXPECT_EQ(message.payload, "abc");
  for (const bool wanted : {false, true}) {
    ASSERT_TRUE(ParseReplicationMessage(FromHex(std::string("6b000000010000000300000000000003e8") +
                                                (wanted ? "01" : "00")),
                                        message)
                    .ok());
    EXPECT_EQ(message.type, ReplicationMessage::Type::kKeepalive);
    EXPECT_EQ(message.end, 0x1'0000'0003u);
    EXPECT_EQ(message.reply_wanted, wanted);
    EXPECT_TRUE(message.payload.empty());
  }
}

TEST(ReplicationStreamTest, OtherBytesAreRefused) {
  for (const char* const bytes :
       {"", "00", "77", "770000000100000002000000010000000300000000000003",
        "6b000000010000000300000000000003e8", "6b000000010000000300000000000003e80000", "72"}) {
    ReplicationMessage message;
    EXPECT_EQ(ParseReplicationMessage(FromHex(bytes), message).code(), absl::StatusCode::kDataLoss)
        << bytes;
  }
}

TEST(ReplicationStreamTest, AStatusSaysWhatWasReceivedAndConfirmsNothingUnlessAsked) {
  const auto hex = [](const StandbyStatus& status) {
    const auto bytes = EncodeStandbyStatus(status);
    return ToHex({bytes.data(), bytes.size()});
  };
  EXPECT_EQ(hex({.received = 0x1'0000'0002, .clock = 1000}),
            "72000000010000000200000000000000000000000000000000"
            "00000000000003e800");
  EXPECT_EQ(hex({.received = 5, .confirmed = 3, .clock = 1000, .reply_wanted = true}),
            "72000000000000000500000000000000030000000000000003"
            "00000000000003e801");
}

// What a cursor that resumes after `from` returns for the whole log.
struct Followed {
  std::vector<std::size_t> changes;
  std::vector<LogPosition> places;
};
Followed Follow(const LogPosition& from) {
  LogCursor cursor(from);
  Followed followed;
  PgoutputMessage message;
  bool in_sent_transaction = false;
  for (std::size_t at = 0; at < GoldenLog().size(); ++at) {
    const Logged& logged = GoldenLog()[at];
    EXPECT_TRUE(ParsePgoutput(logged.bytes, message).ok());
    // The server sends transactions whose commit is after the position at which the stream starts.
    if (message.type == Type::kBegin) in_sent_transaction = message.final_lsn >= from.commit;
    if (in_sent_transaction) {
      const auto is_new = cursor.Take(message, logged.start);
      EXPECT_TRUE(is_new.ok()) << is_new.status();
      EXPECT_TRUE(message.IsChange() || message.type == Type::kMessage || *is_new);
      if (message.IsChange() && *is_new) followed.changes.push_back(at);
    }
    if (message.type == Type::kCommit) in_sent_transaction = false;
    followed.places.push_back(cursor.place());
  }
  return followed;
}

TEST(LogCursorTest, ASyncThatEndedAnywhereGoesOnWithTheNextChange) {
  const Followed whole = Follow({});
  EXPECT_EQ(whole.changes.size(), 18u);
  EXPECT_TRUE(std::is_sorted(whole.places.begin(), whole.places.end()));
  for (std::size_t at = 0; at < whole.places.size(); ++at) {
    std::vector<std::size_t> after;
    for (const std::size_t change : whole.changes) {
      if (change > at) after.push_back(change);
    }
    const Followed rest = Follow(whole.places[at]);
    EXPECT_EQ(rest.changes, after) << at;
    EXPECT_EQ(rest.places.back(), whole.places.back());
  }
}

PgoutputMessage Message(Type type, Lsn final_lsn = 0, Lsn end_lsn = 0) {
  PgoutputMessage message;
  message.type = type;
  message.final_lsn = final_lsn;
  message.end_lsn = end_lsn;
  return message;
}

TEST(LogCursorTest, AKeepaliveCountsOnlyBetweenTransactions) {
  LogCursor cursor({.commit = 100});
  cursor.TakeKeepalive(150);
  EXPECT_EQ(cursor.place(), LogPosition{.commit = 150});
  cursor.TakeKeepalive(120);
  EXPECT_EQ(cursor.place(), LogPosition{.commit = 150});
  ASSERT_TRUE(cursor.Take(Message(Type::kBegin, 300), 200).ok());
  cursor.TakeKeepalive(400);
  EXPECT_EQ(cursor.place(), LogPosition{.commit = 150});
  ASSERT_TRUE(cursor.Take(Message(Type::kInsert), 210).ok());
  EXPECT_EQ(cursor.place(),
            (LogPosition{.commit = 150, .final = 300, .change = 210, .ordinal = 1}));
  ASSERT_TRUE(cursor.Take(Message(Type::kCommit, 300, 310), 310).ok());
  cursor.TakeKeepalive(400);
  EXPECT_EQ(cursor.place(), LogPosition{.commit = 400});
  // A state within a transaction waits for this transaction.
  const LogPosition inside{.commit = 150, .final = 300, .change = 210, .ordinal = 1};
  LogCursor resumed(inside);
  resumed.TakeKeepalive(400);
  EXPECT_EQ(resumed.place(), inside);
}

TEST(LogCursorTest, AMessageOfTheConnectorsOwnIsNewOnce) {
  LogCursor cursor({.commit = 100, .final = 300, .change = 210, .ordinal = 2});
  ASSERT_TRUE(cursor.Take(Message(Type::kBegin, 300), 200).ok());
  const auto is_new = [&cursor](Type type, Lsn start) {
    return *cursor.Take(Message(type), start);
  };
  EXPECT_FALSE(is_new(Type::kInsert, 205));
  EXPECT_FALSE(is_new(Type::kMessage, 207));
  EXPECT_FALSE(is_new(Type::kInsert, 210));
  EXPECT_TRUE(is_new(Type::kMessage, 211));
  EXPECT_TRUE(is_new(Type::kRelation, 212));
  EXPECT_TRUE(is_new(Type::kInsert, 212));
  ASSERT_TRUE(cursor.Take(Message(Type::kCommit, 300, 310), 310).ok());
  EXPECT_TRUE(is_new(Type::kMessage, 320));
}

TEST(LogCursorTest, AnOrderThatCannotBeIsRefused) {
  const struct {
    const char* what;
    std::vector<std::pair<PgoutputMessage, Lsn>> messages;
  } cases[] = {
      {"within another one",
       {{Message(Type::kBegin, 300), 200}, {Message(Type::kBegin, 400), 200}}},
      {"without its final LSN", {{Message(Type::kBegin, 0), 200}}},
      {"outside of any transaction", {{Message(Type::kInsert), 200}}},
      {"not of the open transaction",
       {{Message(Type::kBegin, 300), 200}, {Message(Type::kCommit, 301, 310), 310}}},
      {"not of the open transaction", {{Message(Type::kCommit, 301, 310), 310}}},
      {"a commit is before the one before it",
       {{Message(Type::kBegin, 300), 200}, {Message(Type::kCommit, 300, 299), 310}}},
      {"a commit is before",
       {{Message(Type::kBegin, 50), 40}, {Message(Type::kCommit, 50, 60), 60}}},
      {"a change is before",
       {{Message(Type::kBegin, 300), 200},
        {Message(Type::kInsert), 220},
        {Message(Type::kUpdate), 210}}},
  };
  for (const auto& one : cases) {
    LogCursor cursor({.commit = 100});
    absl::Status status;
    for (const auto& [message, start] : one.messages) {
      ASSERT_TRUE(status.ok());
      status = cursor.Take(message, start).status();
    }
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_NE(status.message().find(one.what), std::string::npos) << status;
  }
}

TEST(WholeTransactionTest, HasTheEpochThatIsNear) {
  EXPECT_EQ(WholeTransaction(5, 7), 5u);
  EXPECT_EQ(WholeTransaction(7, 5), 7u);
  EXPECT_EQ(WholeTransaction(0xffff'fff0, 0x1'0000'0003), 0xffff'fff0u);
  EXPECT_EQ(WholeTransaction(3, 0xffff'fff0), 0x1'0000'0003u);
  EXPECT_EQ(WholeTransaction(3, 0x7'0000'0001), 0x7'0000'0003u);
  EXPECT_EQ(WholeTransaction(0x8000'0000, 0x1'0000'0001), 0x1'8000'0000u);
  EXPECT_EQ(WholeTransaction(0x8000'0002, 0x1'0000'0001), 0x8000'0002u);
}

}  // namespace
}  // namespace tributary::postgresql
