#include "worker/sources/sqlite/identity.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

#include "tests/worker/sources/sqlite/sample.h"

namespace tributary::sqlite_test {
namespace {

using sqlite::ChangeOf;
using sqlite::Identity;
using sqlite::ParseIdentity;

TEST(IdentityTest, EitherNameOfItsPlaceMakesItTheSameDatabase) {
  const Identity known{.application_id = 7, .path = "link.db", .file = "monday.db"};
  const struct {
    const char* what;
    Identity now;
    std::string change;
  } kCases[] = {
      {"nothing", known, ""},
      {"the link leads to tonight's file", {7, "link.db", "tuesday.db"}, ""},
      {"the file is named by itself", {7, "/data/monday.db", "monday.db"}, ""},
      {"another file",
       {7, "copy.db", "copy.db"},
       "the database file was \"link.db\" (\"monday.db\") and is \"copy.db\""},
      {"another application",
       {9, "link.db", "monday.db"},
       "the application_id in it was 7 and is 9"},
      {"both",
       {0, "copy.db", "copy.db"},
       "the database file was \"link.db\" (\"monday.db\") and is \"copy.db\", and the "
       "application_id in it was 7 and is 0"},
  };
  for (const auto& one : kCases) EXPECT_EQ(ChangeOf(known, one.now), one.change) << one.what;
}

TEST(IdentityTest, ItsTextIsReadAsWhatWasWritten) {
  const Identity identity{.application_id = 4294967295, .path = "a \"b\".db", .file = "ü:1.db"};
  const auto read = ParseIdentity(identity.Text());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->application_id, identity.application_id);
  EXPECT_EQ(read->path, identity.path);
  EXPECT_EQ(read->file, identity.file);
}

TEST(IdentityTest, TheFormWithoutTheFileIsComparedByItsPath) {
  const auto known = ParseIdentity("sqlite:a:b.db:77");
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(ChangeOf(*known, {77, "a:b.db", "a:b.db"}), "");
  EXPECT_EQ(ChangeOf(*known, {77, "c.db", "c.db"}),
            "the database file was \"a:b.db\" and is \"c.db\"");
  // An unknown file is never the same as another unknown file.
  EXPECT_NE(ChangeOf(*known, {77, "c.db", ""}), "");
}

TEST(IdentityTest, WhatIsNoneOfThisEnginesIsNotTakenForOne) {
  for (const char* const text :
       {"", "i", "sqlite:", "sqlite:a.db", "sqlite:a.db:", "sqlite:a.db:x", "{}", "[]",
        R"({"application_id":0,"file":"a"})", R"({"application_id":-1,"file":"a","path":"a"})",
        R"({"application_id":0,"file":"a","path":1})",
        R"({"application_id":0,"file":1,"path":"a"})",
        R"({"application_id":0,"file":"a","path":"a","more":1})"}) {
    EXPECT_FALSE(ParseIdentity(text).has_value()) << text;
  }
}

// Whichever path is configured.
TEST(IdentityTest, TheSourceSaysWhetherItIsTheKnownDatabaseAndWhatHasChanged) {
  TempFolder folder;
  Database(folder / "a.db").Run("CREATE TABLE t(a)");
  std::filesystem::copy_file(folder / "a.db", folder / "b.db");
  std::filesystem::create_symlink("a.db", folder / "link.db");
  DescribeAssignment assignment;
  assignment.set_known_identity(Reading(folder.path(), "a.db").Describe().identity());
  const auto describe = [&](const std::string& name) {
    const auto catalog = Reading(folder.path(), name).source().Describe(assignment);
    EXPECT_TRUE(catalog.ok()) << catalog.status();
    return catalog.value_or(Catalog());
  };
  for (const std::string& name : {std::string("a.db"), std::string("./a.db"), folder / "a.db",
                                  std::string("link.db"), folder / "link.db"}) {
    EXPECT_TRUE(describe(name).same_database()) << name;
    EXPECT_EQ(describe(name).identity_change(), "") << name;
  }
  const Catalog other = describe("b.db");
  EXPECT_FALSE(other.same_database());
  EXPECT_EQ(other.identity_change(), "the database file was \"a.db\" and is \"b.db\"");
  Database(folder / "a.db").Run("PRAGMA application_id = 77");
  EXPECT_EQ(describe("link.db").identity_change(), "the application_id in it was 0 and is 77");
  assignment.set_known_identity("7366442212345:1:shop");
  EXPECT_FALSE(describe("a.db").same_database());
  EXPECT_EQ(describe("a.db").identity_change(), "") << "another engine's identity is not described";
}

}  // namespace
}  // namespace tributary::sqlite_test
