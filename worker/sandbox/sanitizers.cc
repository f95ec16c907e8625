#include "worker/sandbox/sanitizers.h"

#if defined(TRIBUTARY_ASAN) || defined(TRIBUTARY_TSAN)
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(TRIBUTARY_ASAN)
namespace {
bool in_sandbox = false;
}  // namespace

// The leak check at exit forks a tracer, which the sandbox refuses, so the check would report a
// failure. Tests that run the same code outside the sandbox find leaks.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return in_sandbox ? 1 : 0; }
#endif

namespace tributary {

void PrepareSanitizers() {
#if defined(TRIBUTARY_ASAN) || defined(TRIBUTARY_TSAN)
  __sanitizer_sandbox_arguments arguments{};
  arguments.coverage_fd = -1;
  __sanitizer_sandbox_on_notify(&arguments);
#endif
#if defined(TRIBUTARY_ASAN)
  in_sandbox = true;
#endif
}

}  // namespace tributary
