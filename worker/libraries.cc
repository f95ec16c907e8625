#include "worker/libraries.h"

#include <sqlite3.h>

#include "absl/strings/str_cat.h"

namespace tributary {

std::string LibraryVersions() { return absl::StrCat("SQLite ", sqlite3_libversion()); }

}  // namespace tributary
