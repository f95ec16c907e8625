// A short name for a table's columns, by which a state knows them again.
#ifndef TRIBUTARY_SUPERVISOR_REQUEST_COLUMNS_DIGEST_H_
#define TRIBUTARY_SUPERVISOR_REQUEST_COLUMNS_DIGEST_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <string>
#include <string_view>
#include <vector>

#include "proto/common.pb.h"

namespace tributary {

// 16 digits for a table's synced columns, their names, types and parameters, in whatever
// order they stand: six for those of its key, and ten for all.
std::string ColumnsDigest(const std::vector<const fivetran_sdk::v2::Column*>& columns);
std::string ColumnsDigest(
    const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns);

// Whether two of them are of columns with the same key.
bool SameKey(std::string_view columns_digest, std::string_view other);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_COLUMNS_DIGEST_H_
