// A short name for a table's columns, by which a state knows them again.
#ifndef TRIBUTARY_SUPERVISOR_REQUEST_COLUMNS_DIGEST_H_
#define TRIBUTARY_SUPERVISOR_REQUEST_COLUMNS_DIGEST_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <string>
#include <vector>

#include "proto/common.pb.h"

namespace tributary {

// 16 digits for a table's synced columns: their names, types, parameters and
// keys, in whatever order they stand.
std::string ColumnsDigest(const std::vector<const fivetran_sdk::v2::Column*>& columns);
std::string ColumnsDigest(
    const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_COLUMNS_DIGEST_H_
