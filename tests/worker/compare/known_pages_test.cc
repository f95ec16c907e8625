// Pages between the digests of their rows (entries.h): written by a reading, known in the next one.
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>

#include "proto/worker.pb.h"
#include "supervisor/pool/ring_consumer.h"
#include "worker/compare/entries.h"
#include "worker/compare/fresh_rows.h"
#include "worker/compare/known_rows.h"

namespace tributary {
namespace {

const std::string kPage(kRowDigestBytes, 'p');
const std::string kOther(kRowDigestBytes, 'o');

std::string Row(const std::string& key) {
  std::string entry;
  AppendRow(entry, key, RowDigest{});
  return entry;
}

std::string Page(std::uint64_t rows, const std::string& digest = kPage) {
  std::string entry;
  AppendPage(entry, rows, digest);
  return entry;
}

// The keys that are deleted after the page was seen, and nothing else.
std::vector<std::string> GoneBeside(const std::string& entries, std::uint64_t rows) {
  KnownRows known;
  EXPECT_TRUE(known.AddRows(entries));
  const auto page = known.SeePage(kPage);
  EXPECT_TRUE(page.has_value());
  if (page.has_value()) {
    EXPECT_EQ(page->rows, rows);
    EXPECT_NE(entries.find(std::string(page->entries)), std::string::npos);
    EXPECT_TRUE(page->entries.ends_with(Page(rows)));
  }
  EXPECT_FALSE(known.SeePage(kPage).has_value()) << "it is in one place only";
  std::vector<std::string> gone;
  known.TakeGone([&gone](std::string_view key) { gone.emplace_back(key); });
  return gone;
}

TEST(KnownPages, APageHasTheRowsBeforeIt) {
  const std::vector<std::string> none;
  EXPECT_EQ(GoneBeside(Row("a") + Row("b") + Page(2), 2), none);
  EXPECT_EQ(GoneBeside(Row("a") + Row("b") + Page(1), 1), std::vector<std::string>{"a"});
  EXPECT_EQ(GoneBeside(Row("a") + Page(1, kOther) + Row("b") + Row("c") + Page(1) + Row("d"), 1),
            (std::vector<std::string>{"a", "b", "d"}));
}

TEST(KnownPages, WhatCannotBeAPageDoesNotParse) {
  EXPECT_FALSE(KnownRows().AddRows(Row("a") + Page(2)));
  EXPECT_FALSE(KnownRows().AddRows(Row("a") + Page(1, kOther) + Row("b") + Page(2)));
  EXPECT_FALSE(KnownRows().AddRows(Row("a") + Page(1).substr(0, 10)));
}

// The source has one row of each key that is asked about, in any order.
TEST(KnownRows, KeysThatAreNotAskedAboutAreGone) {
  const struct {
    const char* name;
    std::vector<std::string> known;
    std::vector<std::string> asked;
    std::vector<std::string> gone;
    bool sound = true;
  } cases[] = {
      {"all in order", {"a", "b", "c"}, {"a", "b", "c"}, {}},
      {"some missing", {"a", "b", "c", "d"}, {"a", "d"}, {"b", "c"}},
      {"backwards", {"a", "b", "c"}, {"c", "b", "a"}, {}},
      {"new ones between", {"a", "b"}, {"x", "a", "y", "b", "z"}, {}},
      {"none", {"a", "b"}, {}, {"a", "b"}},
      {"nothing known", {}, {"a"}, {}},
      {"a key twice", {"a", "b", "a"}, {"a", "b"}, {}, /*sound=*/false},
      {"a gone key twice", {"a", "b", "a"}, {"b"}, {"a"}},
  };
  for (const auto& one : cases) {
    std::string entries;
    for (const std::string& key : one.known) entries += Row(key);
    KnownRows known;
    ASSERT_TRUE(known.AddRows(entries));
    for (const std::string& key : one.asked) {
      const bool is_new = std::find(one.known.begin(), one.known.end(), key) == one.known.end();
      EXPECT_EQ(known.MustSend(key, RowDigest{}), is_new) << one.name << ": " << key;
      // Of a row that comes once more, another version may have been sent.
      if (std::count(one.known.begin(), one.known.end(), key) == 1) {
        EXPECT_TRUE(known.MustSend(key, RowDigest{})) << one.name << ": " << key;
      }
    }
    std::vector<std::string> gone;
    EXPECT_EQ(known.TakeGone([&gone](std::string_view key) { gone.emplace_back(key); }), one.sound)
        << one.name;
    EXPECT_EQ(gone, one.gone) << one.name;
    known.TakeGone([&one](std::string_view) { ADD_FAILURE() << one.name << ": twice"; });
  }
}

// More rows than are looked at without the index, in a random order.
TEST(KnownRows, AreFoundInAnyOrder) {
  std::string entries;
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) entries += Row(keys.emplace_back(std::to_string(i)));
  std::shuffle(keys.begin(), keys.end(), std::mt19937(5));
  KnownRows known;
  ASSERT_TRUE(known.AddRows(entries));
  for (const std::string& key : keys) EXPECT_FALSE(known.MustSend(key, RowDigest{})) << key;
  EXPECT_TRUE(known.MustSend("1000", RowDigest{}));
  known.TakeGone([](std::string_view key) { ADD_FAILURE() << key; });
}

// What `read` and a mark after it put into the ring.
std::string EntriesOf(const std::function<void(FreshRows&)>& read) {
  auto memory = RingMemory::Create(limits::kRingBytes).value();
  const FileDescriptor data_ready(::eventfd(0, EFD_NONBLOCK));
  FileDescriptor space_free(::eventfd(0, EFD_NONBLOCK));
  RingProducer ring(
      RingMemory::Attach(FileDescriptor(::dup(memory.fd())), limits::kRingBytes).value(),
      data_ready.get(), space_free.get());
  const auto consumer = std::make_shared<RingConsumer>(std::move(memory), std::move(space_free));
  FreshRows fresh(ring, 1);
  read(fresh);
  fresh.Send("end");
  std::string entries;
  for (;;) {
    const auto frame = consumer->Next();
    EXPECT_TRUE(frame.ok()) << frame.status();
    if (!frame.ok() || !frame->has_value()) return entries;
    Digests digests;
    EXPECT_TRUE(digests.ParseFromArray((*frame)->payload.data(),
                                       static_cast<int>((*frame)->payload.size())));
    entries += digests.entries();
  }
}

TEST(KnownPages, AreWrittenAfterTheirRowsUnlessThesePartlyStandInAnotherPiece) {
  const struct {
    const char* name;
    std::function<void(FreshRows&)> read;
    std::string entries;
  } cases[] = {
      {"a page",
       [](FreshRows& fresh) {
         fresh.Add({"a", {}});
         fresh.EndPage(kPage);
       },
       Row("a") + Page(1)},
      {"a part of a page",
       [](FreshRows& fresh) {
         fresh.Add({"a", {}});
         fresh.EndPage("");
         fresh.Add({"b", {}});
         fresh.EndPage(kPage);
       },
       Row("a") + Row("b") + Page(1)},
      {"no rows",
       [](FreshRows& fresh) {
         fresh.EndPage(kPage);
         fresh.Add({"a", {}});
       },
       Row("a")},
      {"a mark within a page",
       [](FreshRows& fresh) {
         fresh.Add({"a", {}});
         fresh.Send("here");
         fresh.Add({"b", {}});
         fresh.EndPage(kPage);
         fresh.Add({"c", {}});
         fresh.EndPage(kOther);
       },
       Row("a") + Row("b") + Row("c") + Page(1, kOther)},
      {"a mark between pages",
       [](FreshRows& fresh) {
         fresh.Add({"a", {}});
         fresh.EndPage(kPage);
         fresh.Send("here");
         fresh.Add({"b", {}});
         fresh.EndPage(kOther);
       },
       Row("a") + Page(1) + Row("b") + Page(1, kOther)},
      {"a page that was known",
       [](FreshRows& fresh) {
         fresh.AddPage(Row("a") + Row("b") + Page(2), 2);
         fresh.Add({"c", {}});
         fresh.EndPage(kOther);
       },
       Row("a") + Row("b") + Page(2) + Row("c") + Page(1, kOther)},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(EntriesOf(one.read), one.entries) << one.name;
  }
}

}  // namespace
}  // namespace tributary
