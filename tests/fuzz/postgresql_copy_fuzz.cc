// Any bytes as a COPY BINARY stream: they give rows whose fields are within the stream, and the
// same rows however it is cut into chunks, or the stream is broken. The first byte is the number of
// columns; the next four are the sizes of the chunks, used in turn.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "worker/sources/postgresql/copy_stream.h"

namespace tributary::postgresql {
namespace {

constexpr std::size_t kSizes = 4;
constexpr std::size_t kMaxRowBytes = 200;

void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

// The result as a text.
std::string Events(std::string_view stream, std::size_t columns, std::string_view sizes) {
  CopyStream copy("t", columns, kMaxRowBytes);
  std::string events;
  for (std::size_t at = 0; !stream.empty(); ++at) {
    const std::size_t wanted = static_cast<unsigned char>(sizes[at % sizes.size()]) + 1u;
    const std::size_t size = sizes == "whole" ? stream.size() : std::min(wanted, stream.size());
    // Each chunk has its own memory, so that a sanitizer detects a read past its end.
    const auto chunk = std::make_unique<char[]>(size);
    std::copy_n(stream.data(), size, chunk.get());
    stream.remove_prefix(size);
    copy.Feed({chunk.get(), size});
    for (CopyStream::Event event = copy.Next(); event != CopyStream::Event::kNeedsMore;
         event = copy.Next()) {
      if (event == CopyStream::Event::kBroken) return events + "broken";
      if (event == CopyStream::Event::kEnd) {
        // Bytes after the end are reported with the next chunk.
        break;
      }
      if (event == CopyStream::Event::kRowTooLarge) {
        events += "large ";
        continue;
      }
      Require(copy.row().size() == columns, "a row has its columns");
      std::size_t bytes = 0;
      for (std::size_t field = 0; field < columns; ++field) {
        if (copy.row().null(field)) {
          events += "- ";
          continue;
        }
        bytes += copy.row()[field].size();
        events.append(copy.row()[field]).append(" ");
      }
      Require(bytes <= kMaxRowBytes, "a row is within its bound");
      events += "\n";
    }
  }
  return events + (copy.Finish().ok() ? "whole" : "cut off");
}

void Check(std::string_view bytes) {
  if (bytes.size() < 1 + kSizes) return;
  const std::size_t columns = static_cast<unsigned char>(bytes[0]) % 8u;
  const std::string_view stream = bytes.substr(1 + kSizes);
  Require(Events(stream, columns, "whole") == Events(stream, columns, bytes.substr(1, kSizes)),
          "chunks of any size make the same rows");
}

}  // namespace
}  // namespace tributary::postgresql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tributary::postgresql::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
