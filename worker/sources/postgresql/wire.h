// Reads PostgreSQL's binary forms: integers in network order, bytes and texts of a given
// length, texts that end with a NUL.
//
// A read past the end gives zeros and empty views, and makes ok() false from then on: a caller
// reads what it expects and checks once, at the end.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_WIRE_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_WIRE_H_

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tributary::postgresql {

// An integer in network order; `at` has sizeof(Integer) bytes.
template <std::integral Integer>
Integer LoadBigEndian(const char* at) {
  static_assert(std::endian::native == std::endian::little);
  Integer value;
  std::memcpy(&value, at, sizeof(value));
  if constexpr (sizeof(Integer) == 2) {
    value = static_cast<Integer>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
  } else if constexpr (sizeof(Integer) == 4) {
    value = static_cast<Integer>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
  } else if constexpr (sizeof(Integer) == 8) {
    value = static_cast<Integer>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
  }
  return value;
}

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  template <std::integral Integer>
  Integer Take() {
    if (rest_.size() < sizeof(Integer)) {
      Fail();
      return 0;
    }
    const auto value = LoadBigEndian<Integer>(rest_.data());
    rest_.remove_prefix(sizeof(Integer));
    return value;
  }
  float TakeFloat() { return std::bit_cast<float>(Take<std::uint32_t>()); }
  double TakeDouble() { return std::bit_cast<double>(Take<std::uint64_t>()); }

  std::string_view TakeBytes(std::size_t size) {
    if (rest_.size() < size) {
      Fail();
      return {};
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  // Up to a NUL, which is taken too.
  std::string_view TakeText() {
    const std::size_t size = rest_.find('\0');
    if (size == std::string_view::npos) {
      Fail();
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return text;
  }
  // A field of an array, a composite or a range: its length and its bytes. Length
  // -1 is null, which gives false; so does one that does not fit, which fails.
  bool TakeField(std::string_view& field) {
    const auto size = Take<std::int32_t>();
    if (size < 0) {
      if (size != -1) Fail();
      return false;
    }
    field = TakeBytes(static_cast<std::size_t>(size));
    return ok_;
  }

  std::size_t left() const { return rest_.size(); }
  // Nothing was read past the end.
  bool ok() const { return ok_; }
  // And all of it was read.
  bool Ended() const { return ok_ && rest_.empty(); }
  void Fail() {
    ok_ = false;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_WIRE_H_
