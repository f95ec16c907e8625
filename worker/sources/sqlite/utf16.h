// Converts UTF-16 text of a database. SQLite's own conversion can make two texts equal: it joins
// half a surrogate pair with the next character, and drops a last odd byte. Pure.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_UTF16_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_UTF16_H_

#include <string>
#include <string_view>

namespace tributary::sqlite {

enum class TextEncoding { kUtf8, kUtf16LittleEndian, kUtf16BigEndian };

// As in PRAGMA encoding.
TextEncoding EncodingNamed(std::string_view name);

// False if `bytes` are not valid UTF-16; each invalid part then becomes U+FFFD.
bool Utf16ToUtf8(std::string_view bytes, bool big_endian, std::string& utf8);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_UTF16_H_
