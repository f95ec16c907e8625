// Identifies the database that a state belongs to.
//
// A SQLite file has no identity of its own, and a nightly copy over the old one must count as the
// same database. So a database is identified by its place, unless its header names another
// application (https://sqlite.org/pragma.html#pragma_application_id).
//
// Its place has two names, and one match is enough: the path as configured, which stays the same
// when a symbolic link is changed to a new file every night; and the file that it leads to below
// --sqlite-root, which stays the same if the path is absolute, goes through a link, or has ./ and
// ../ in it. Both are compared as bytes, without looking at the file: an inode's number may be
// reused.
//
// As text it is a JSON object: {"application_id":0,"file":"data/shop.db","path":"shop.db"}.
// The form sqlite:PATH:APPLICATION_ID, without the file, is understood too.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_IDENTITY_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_IDENTITY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tributary::sqlite {

struct Identity {
  std::uint32_t application_id = 0;
  // Both are valid UTF-8: the path as configured, and the file below --sqlite-root, which is empty
  // if not known.
  std::string path;
  std::string file;

  std::string Text() const;
};

// Empty if it is not this engine's.
std::optional<Identity> ParseIdentity(std::string_view text);

// Empty: `now` is the same database as `known`. Otherwise what has changed, for people.
std::string ChangeOf(const Identity& known, const Identity& now);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_IDENTITY_H_
