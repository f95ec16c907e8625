// COPY BINARY as a server wrote it and with errors, in chunks of any size.
#include "worker/sources/postgresql/copy_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "tests/worker/sources/postgresql/golden.h"

namespace tributary::postgresql {
namespace {

using Event = CopyStream::Event;

constexpr std::size_t kColumns = 5;

std::string Int(std::uint64_t value, int bytes) {
  std::string text;
  for (int at = bytes - 1; at >= 0; --at) text.push_back(static_cast<char>(value >> (8 * at)));
  return text;
}
std::string Header(std::uint32_t flags = 0, std::string_view extension = "") {
  return std::string("PGCOPY\n\377\r\n\0", 11) + Int(flags, 4) + Int(extension.size(), 4) +
         std::string(extension);
}
std::string Field(std::string_view value) { return Int(value.size(), 4) + std::string(value); }
const std::string kNull = Int(0xffff'ffff, 4);
const std::string kTrailer = Int(0xffff, 2);

// Each row as "a|b|", null as "-"; "too large" and "end" where they occur.
struct Copied {
  std::vector<std::string> events;
  absl::Status status;
};

// `size_of` returns each chunk's size. A chunk's memory is freed after use, so that a view that
// still refers to it is detected.
template <typename SizeOf>
Copied CopyIn(std::string_view stream, std::size_t columns, const SizeOf& size_of,
              std::size_t max_row_bytes = limits::kPostgresqlMaxRowBytes) {
  CopyStream copy("s.t", columns, max_row_bytes);
  Copied copied;
  while (!stream.empty()) {
    const std::size_t size =
        std::min<std::size_t>(std::max<std::size_t>(size_of(), 1), stream.size());
    const auto chunk = std::make_unique<char[]>(size);
    std::copy_n(stream.data(), size, chunk.get());
    stream.remove_prefix(size);
    copy.Feed({chunk.get(), size});
    for (Event event = copy.Next(); event != Event::kNeedsMore; event = copy.Next()) {
      if (event == Event::kBroken) {
        copied.status = copy.status();
        EXPECT_EQ(copy.Finish(), copied.status);
        return copied;
      }
      if (event == Event::kEnd) {
        copied.events.push_back("end");
        break;
      }
      if (event == Event::kRowTooLarge) {
        copied.events.push_back("too large");
        continue;
      }
      std::string row;
      for (std::size_t at = 0; at < copy.row().size(); ++at) {
        row += copy.row().null(at) ? "-" : std::string(copy.row()[at]);
        row += "|";
      }
      copied.events.push_back(row);
    }
  }
  copied.status = copy.Finish();
  return copied;
}
Copied CopyWhole(std::string_view stream, std::size_t columns,
                 std::size_t max_row_bytes = limits::kPostgresqlMaxRowBytes) {
  return CopyIn(
      stream, columns, [&] { return stream.size(); }, max_row_bytes);
}

TEST(CopyStreamTest, RowsOfAServerAreTheSameInChunksOfAnySize) {
  const std::string stream = ReadGolden("rows.copy");
  const Copied whole = CopyWhole(stream, kColumns);
  ASSERT_TRUE(whole.status.ok()) << whole.status;
  ASSERT_EQ(whole.events.size(), 5u);
  EXPECT_EQ(whole.events[1], Int(2, 4) + "|-|-|-|-|");
  EXPECT_EQ(whole.events[0].substr(0, 9), Int(1, 4) + "|one|");
  EXPECT_EQ(whole.events[4], "end");
  for (std::size_t size = 1; size < 64; ++size) {
    const Copied copied = CopyIn(stream, kColumns, [size] { return size; });
    EXPECT_TRUE(copied.status.ok()) << copied.status;
    EXPECT_EQ(copied.events, whole.events) << size;
  }
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const Copied copied = CopyIn(stream, kColumns, [&random] { return random() % 300; });
    EXPECT_EQ(copied.events, whole.events);
  }
}

TEST(CopyStreamTest, FieldsOfARowInOneChunkAreViewsOfIt) {
  const std::string stream = Header() + Int(2, 2) + Field("abc") + Field("") + kTrailer;
  CopyStream copy("s.t", 2);
  copy.Feed(stream);
  ASSERT_EQ(copy.Next(), Event::kRow);
  EXPECT_EQ(copy.row()[0], "abc");
  EXPECT_GE(copy.row()[0].data(), stream.data());
  EXPECT_LT(copy.row()[0].data(), stream.data() + stream.size());
  EXPECT_EQ(copy.Next(), Event::kEnd);
  EXPECT_TRUE(copy.Finish().ok());
}

TEST(CopyStreamTest, WhatMayFollowTheHeaderIsPassedOver) {
  const std::string stream = Header(0xffff, "an extension") + Int(1, 2) + Field("x") + kTrailer;
  for (const std::size_t size : {1U, 7U, 1000U}) {
    EXPECT_EQ(CopyIn(stream, 1, [size] { return size; }).events,
              (std::vector<std::string>{"x|", "end"}));
  }
}

TEST(CopyStreamTest, RowsWithoutColumnsAreRows) {
  EXPECT_EQ(CopyWhole(Header() + Int(0, 2) + Int(0, 2) + kTrailer, 0).events,
            (std::vector<std::string>{"", "", "end"}));
}

TEST(CopyStreamTest, ARowOverTheBoundIsPassedOverAndTheRestIsRead) {
  const auto row = [](std::string_view a, std::string_view b, std::string_view c) {
    return Int(3, 2) + Field(a) + Field(b) + Field(c);
  };
  const std::string large(100, 'x');
  const std::string stream = Header() + row("a", "b", "c") + row(large, "b", "c") +
                             row("a", large, "") + row("a", "b", large) + row(large, large, large) +
                             Int(3, 2) + kNull + Field(large) + kNull + row("d", "e", "f") +
                             kTrailer;
  const std::vector<std::string> expected = {"a|b|c|",    "too large", "too large", "too large",
                                             "too large", "too large", "d|e|f|",    "end"};
  for (std::size_t size = 1; size < 300; ++size) {
    const Copied copied = CopyIn(
        stream, 3, [size] { return size; }, 50);
    EXPECT_TRUE(copied.status.ok()) << copied.status;
    EXPECT_EQ(copied.events, expected) << size;
  }
  // A row of exactly the largest size is read.
  EXPECT_EQ(CopyWhole(Header() + Int(1, 2) + Field("1234") + kTrailer, 1, 10).events[0], "1234|");
  EXPECT_EQ(CopyWhole(Header() + Int(1, 2) + Field("12345") + kTrailer, 1, 10).events[0],
            "too large");
}

TEST(CopyStreamTest, WhatIsNoCopyBreaksWithTheTablesName) {
  const std::string row = Int(2, 2) + Field("a") + Field("b");
  const struct {
    const char* what;
    std::string stream;
  } cases[] = {
      {"does not begin", "PGCOPY\n\377\r\nX" + std::string(100, '\0')},
      {"flag that is not known", Header(0x10000) + row + kTrailer},
      {"header is too long",
       Header().substr(0, 15) + Int(limits::kPostgresqlMaxCopyHeaderBytes + 1, 4)},
      {"table's columns", Header() + Int(3, 2) + Field("a")},
      {"table's columns", Header() + row + Int(1, 2) + Field("a")},
      {"table's columns", Header() + Int(0xfffe, 2)},
      {"table's columns", Header() + Int(2, 2) + Int(0xffff'fffe, 4)},
      {"table's columns", Header() + Int(2, 2) + Field(std::string(60, 'x')) + Int(0x8000'0000, 4)},
      {"follows its trailer", Header() + row + kTrailer + "x"},
      {"before its trailer", Header() + row},
      {"before its trailer", Header() + row + row.substr(0, 5)},
      {"before its trailer", Header().substr(0, 12)},
      {"before its trailer", Header() + Int(2, 2) + Field(std::string(60, 'x'))},
  };
  for (const auto& one : cases) {
    for (const std::size_t size : {1U, 3U, 1000U}) {
      const Copied copied = CopyIn(
          one.stream, 2, [size] { return size; }, 50);
      EXPECT_EQ(copied.status.code(), absl::StatusCode::kDataLoss) << one.what;
      EXPECT_NE(copied.status.message().find(one.what), std::string::npos) << copied.status;
      EXPECT_NE(copied.status.message().find("copy table s.t: "), std::string::npos);
    }
  }
  CopyStream empty("s.t", 1);
  EXPECT_EQ(empty.Next(), Event::kNeedsMore);
  EXPECT_EQ(empty.Finish().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tributary::postgresql
