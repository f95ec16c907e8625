// A short name for a table's columns, by which a state knows them again.
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

// By their names, which of all columns of its table they are (worker.proto, ColumnOrigin);
// those that no number is known of are left out.
using ColumnNumbers = std::map<std::string, std::uint32_t>;

// 16 digits for a table's synced columns, their names, types, parameters and numbers, in
// whatever order they stand: six for those of its key, and ten for all. `order` is
// CatalogTable's: another one makes another key.
std::string ColumnsDigest(const std::vector<const fivetran_sdk::v2::Column*>& columns,
                          const ColumnNumbers& numbers = {}, std::string_view order = {});
std::string ColumnsDigest(
    const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns,
    const ColumnNumbers& numbers = {}, std::string_view order = {});

// Whether two of them are of columns with the same key.
bool SameKey(std::string_view columns_digest, std::string_view other);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_COLUMNS_DIGEST_H_
