// Fixed-width integers of the staging format, little-endian unless stated otherwise.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_BYTES_H_
#define TRIBUTARY_SUPERVISOR_STAGING_BYTES_H_

#include <concepts>
#include <cstddef>

namespace tributary {

template <std::unsigned_integral T>
void StoreLittle(T value, char* to) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
  }
}

template <std::unsigned_integral T>
T LoadLittle(const char* from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(
        value | static_cast<T>(static_cast<T>(static_cast<unsigned char>(from[i])) << (8 * i)));
  }
  return value;
}

template <std::unsigned_integral T>
void StoreBig(T value, char* to) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    to[sizeof(T) - 1 - i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
  }
}

template <std::unsigned_integral T>
T LoadBig(const char* from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>((value << 8) | static_cast<unsigned char>(from[i]));
  }
  return value;
}

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_BYTES_H_
