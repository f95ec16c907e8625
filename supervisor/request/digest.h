// Short names for things that are compared but never read back: a prefix of
// SHA-256, in lower-case hexadecimal digits.
#ifndef TRIBUTARY_SUPERVISOR_REQUEST_DIGEST_H_
#define TRIBUTARY_SUPERVISOR_REQUEST_DIGEST_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/common.pb.h"

namespace tributary {

// The parts of something, put one behind the other so that two different rows of
// parts never give the same bytes. A value; not thread-safe.
class Digest {
 public:
  Digest& Text(std::string_view text);
  Digest& Number(std::uint64_t number);

  // The first `digits` of the SHA-256 of all parts so far; at most 64.
  std::string Hex(std::size_t digits) const;

 private:
  std::string bytes_;
};

// 16 digits for a table's synced columns: their names, types, parameters and
// keys, in whatever order they stand.
std::string ColumnsDigest(const std::vector<const fivetran_sdk::v2::Column*>& columns);
std::string ColumnsDigest(
    const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_DIGEST_H_
