// Text as a database stores it. SQLite converts UTF-16 too, but makes two texts one: it
// takes half a surrogate pair together with whatever follows, and leaves out a last odd
// byte. Pure.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_UTF16_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_UTF16_H_

#include <string>
#include <string_view>

namespace tributary::sqlite {

enum class TextEncoding { kUtf8, kUtf16LittleEndian, kUtf16BigEndian };

// As PRAGMA encoding names it.
TextEncoding EncodingNamed(std::string_view name);

// False where `bytes` are not UTF-16; each part that is not becomes U+FFFD then.
bool Utf16ToUtf8(std::string_view bytes, bool big_endian, std::string& utf8);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_UTF16_H_
