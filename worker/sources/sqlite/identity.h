// Which database a state is of.
//
// A SQLite file has no identity of its own, and a nightly copy over the old one is to count
// as the same database. So a database is what is found at its place, unless it says in its
// header that it is another application's (https://sqlite.org/pragma.html#pragma_application_id).
//
// Its place has two names, and either will do: the path as it is configured, which stays
// while a symbolic link is turned to tonight's file, and the file that it leads to below
// --sqlite-root, which stays while the same file is named by an absolute path, through a
// link, or with ./ and ../ in it. Both are compared as bytes and nothing is looked up: an
// inode's number may be given to another file.
//
// As text it is a JSON object: {"application_id":0,"file":"data/shop.db","path":"shop.db"}.
// One of the form sqlite:PATH:APPLICATION_ID, without the file, is understood.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_IDENTITY_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_IDENTITY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tributary::sqlite {

struct Identity {
  std::uint32_t application_id = 0;
  // Both are valid UTF-8. As configured, and as it is found below --sqlite-root, which is
  // empty where it is not known.
  std::string path;
  std::string file;

  std::string Text() const;
};

// Nothing where it is none of this engine's.
std::optional<Identity> ParseIdentity(std::string_view text);

// Empty: `now` is the database that `known` was. Otherwise what has changed, for a person.
std::string ChangeOf(const Identity& known, const Identity& now);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_IDENTITY_H_
