#include "worker/compare/fresh_rows.h"

#include <utility>

#include "common/limits.h"

namespace tributary {

void FreshRows::Send(std::string_view at) {
  // Most fit one frame, and are not copied before they are in the ring.
  bool last = entries_.size() <= limits::kDigestFrameBytes;
  if (last) {
    Digests digests;
    digests.mutable_entries()->swap(entries_);
    SendFrame(digests, rows_, at);
    digests.mutable_entries()->swap(entries_);
  }
  for (std::string_view rest = entries_; !last;) {
    std::string_view more = rest;
    std::uint64_t rows = 0;
    while (!more.empty() && rest.size() - more.size() < limits::kDigestFrameBytes) {
      // They were written here, so they parse.
      const auto entry = TakeRow(more);
      if (!entry.has_value()) break;
      if (entry->page_rows == 0) ++rows;
    }
    last = more.empty();
    Digests digests;
    digests.set_entries(rest.data(), rest.size() - more.size());
    SendFrame(digests, rows, last ? std::optional(at) : std::nullopt);
    rest = more;
  }
  entries_.clear();
  rows_ = 0;
  page_is_whole_ = rows_of_page_ == 0;
}

void FreshRows::SendFrame(Digests& digests, std::uint64_t rows,
                          std::optional<std::string_view> at) {
  digests.set_rows(rows);
  if (at.has_value()) digests.set_at(at->data(), at->size());
  const std::size_t bytes = digests.ByteSizeLong();
  digests.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(ring_.Reserve(bytes)));
  ring_.Publish(FrameType::kDigests, assignment_, {.payload_bytes = bytes});
}

void FreshRows::Send(Digests::Kind kind, std::string_view entries) {
  Digests digests;
  digests.set_kind(kind);
  digests.set_entries(entries.data(), entries.size());
  ring_.Send(FrameType::kDigests, assignment_, digests.SerializeAsString());
}

}  // namespace tributary
