// CRC-32C, the checksum of each of LevelDB's records and blocks (RFC 3720, section 12.1), by the
// processor's own instruction. LevelDB is made to take an accelerated one, but Debian's archive is
// built without; its tables cost an eighth of a comparison's CPU time. So the function that it
// calls is defined here: an object of an executable comes before that of an archive.
//
// Any thread's.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_CRC32C_H_
#define TRIBUTARY_SUPERVISOR_STAGING_CRC32C_H_

#include <cstddef>
#include <cstdint>

// LevelDB's own name and declaration (util/crc32c.h): the checksum of what `crc` is of, followed by
// these bytes; 0 is that of nothing.
namespace leveldb::crc32c {
std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t n);
}  // namespace leveldb::crc32c

namespace tributary {

// The two ways, with the same result.
bool HasCrc32cInstruction();
std::uint32_t Crc32cByInstruction(std::uint32_t crc, const char* data, std::size_t size);
std::uint32_t Crc32cByTable(std::uint32_t crc, const char* data, std::size_t size);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_CRC32C_H_
