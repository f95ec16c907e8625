// A system without free threads, for the connector's own threads only: linked into its executable,
// this function replaces the system's pthread_create. gRPC's threads are still created, because
// gRPC expects that.
//
// $FEW_THREADS names a file; while the file exists and contains a thread's name, that thread cannot
// start another one. "sync" is the name of a sync's thread; "*" means all threads except those of
// syncs.
#include <dlfcn.h>
#include <pthread.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

namespace {

using Routine = void* (*)(void*);
using Create = int (*)(pthread_t*, const pthread_attr_t*, Routine, void*);

// The function with which each std::thread starts; gRPC's threads start with another one.
Routine own_routine = nullptr;
bool learning = false;

bool Refused() {
  const char* const file = std::getenv("FEW_THREADS");
  std::string refused;
  if (file == nullptr || !(std::ifstream(file) >> refused)) return false;
  std::array<char, 16> name{};
  ::pthread_getname_np(::pthread_self(), name.data(), name.size());
  const std::string self = name.data();
  return refused == "*" ? self != "sync" : self == refused;
}

}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, Routine routine,
                              void* argument) noexcept {
  static const auto create = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
  if (learning) own_routine = routine;
  if (!learning && routine == own_routine && Refused()) return EAGAIN;
  return create(thread, attributes, routine, argument);
}

namespace {

const bool learned = [] {
  learning = true;
  std::thread([] {}).join();
  learning = false;
  return true;
}();

}  // namespace
