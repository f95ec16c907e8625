// Exceptions and preparations of the sandbox in builds with ASan or TSan.
#ifndef TRIBUTARY_WORKER_SANDBOX_SANITIZERS_H_
#define TRIBUTARY_WORKER_SANDBOX_SANITIZERS_H_

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRIBUTARY_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define TRIBUTARY_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TRIBUTARY_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define TRIBUTARY_TSAN 1
#endif

namespace tributary {

#if defined(TRIBUTARY_TSAN)
inline constexpr bool kThreadSanitized = true;
#else
inline constexpr bool kThreadSanitized = false;
#endif
#if defined(TRIBUTARY_ASAN) || defined(TRIBUTARY_TSAN)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Makes the sanitizer read files that it cannot read later. Does nothing in other builds.
void PrepareSanitizers();

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SANDBOX_SANITIZERS_H_
