// A short identifier of a table's columns, by which a state recognises them.
#ifndef TRIBUTARY_SUPERVISOR_REQUEST_COLUMNS_DIGEST_H_
#define TRIBUTARY_SUPERVISOR_REQUEST_COLUMNS_DIGEST_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proto/common.pb.h"

namespace tributary {

// The number of each column among all columns of its table (worker.proto, ColumnOrigin), by name;
// columns without a known number are left out.
using ColumnNumbers = std::map<std::string, std::uint32_t>;

// 16 digits for a table's synced columns, their names, types, parameters and numbers, in any order:
// six for those of its key, and ten for all. `order` is CatalogTable's: with another order it is
// another key.
std::string ColumnsDigest(const std::vector<const fivetran_sdk::v2::Column*>& columns,
                          const ColumnNumbers& numbers = {}, std::string_view order = {});
std::string ColumnsDigest(
    const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns,
    const ColumnNumbers& numbers = {}, std::string_view order = {});

// Whether two digests are of columns with the same key.
bool SameKey(std::string_view columns_digest, std::string_view other);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_COLUMNS_DIGEST_H_
