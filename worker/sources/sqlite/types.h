// The Fivetran type of a column, by its declaration. README.md has the table.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_TYPES_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_TYPES_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "proto/common.pb.h"

namespace tributary::sqlite {

// The most digits a DECIMAL may have; a declaration with more gives no parameters.
inline constexpr std::uint32_t kMaxDecimalPrecision = 38;

// Sets type and parameters of `column` from a declared type such as
// "DECIMAL(10, 2)" or "varchar(20)"; empty where there is none.
void SetType(absl::string_view declared, fivetran_sdk::v2::Column& column);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_TYPES_H_
