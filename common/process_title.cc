#include "common/process_title.h"

#include <sys/prctl.h>

#include <algorithm>
#include <cstring>

namespace tributary {
namespace {

char* space = nullptr;
std::size_t space_bytes = 0;

}  // namespace

void KeepTitleSpace(int argc, char** argv) {
  if (argc < 1) return;
  space = argv[0];
  char* end = argv[0];
  // The arguments are contiguous in memory; a gap would end the usable space.
  for (int i = 0; i < argc && argv[i] == end; ++i) end += std::strlen(argv[i]) + 1;
  space_bytes = static_cast<std::size_t>(end - space);
}

void SetProcessTitle(std::string_view title) {
  char name[16] = {};
  std::memcpy(name, title.data(), std::min(title.size(), sizeof(name) - 1));
  ::prctl(PR_SET_NAME, name);
  if (space_bytes == 0) return;
  const std::size_t shown = std::min(title.size(), space_bytes - 1);
  std::memcpy(space, title.data(), shown);
  std::memset(space + shown, 0, space_bytes - shown);
}

}  // namespace tributary
