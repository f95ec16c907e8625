#include "worker/answer_writer.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

// The overhead of an element on a page: tags and lengths of the element and of the page.
constexpr std::size_t kOverheadBytes = 32;
constexpr std::size_t kRoomBytes = limits::kMaxFramePayloadBytes - kOverheadBytes;

// Joins each two neighbouring slices.
void JoinByTwo(Slices::Table& table) {
  Slices::Table joined;
  for (int i = 0; i < table.slices_size(); i += 2) {
    const bool pair = i + 1 < table.slices_size();
    Range& slice = *joined.add_slices();
    slice.set_from(table.slices(i).from());
    slice.set_to(table.slices(pair ? i + 1 : i).to());
    std::uint64_t bytes = 0;
    for (int part = i; part < i + 2 && part < table.estimated_bytes_size(); ++part) {
      bytes += table.estimated_bytes(part);
    }
    joined.add_estimated_bytes(bytes);
  }
  joined.mutable_widen()->Swap(table.mutable_widen());
  table = std::move(joined);
}

// The results of a sample are only a help: they are left out if they would use the room of the
// slices.
void LimitWidened(Slices& slices) {
  std::size_t memory = 0;
  for (Slices::Table& table : *slices.mutable_tables()) {
    for (const Widening& widening : table.widen()) memory += widening.SpaceUsedLong();
    if (memory > limits::kMaxSlicesMemoryBytes / 2) table.clear_widen();
  }
}

}  // namespace

absl::Status AnswerWriter::Send(Catalog catalog) {
  if (catalog.SpaceUsedLong() > limits::kMaxCatalogMemoryBytes) {
    return absl::FailedPreconditionError(
        absl::StrCat("describe source: its catalog takes more than ",
                     limits::kMaxCatalogMemoryBytes / limits::kMiB,
                     " MiB; let the connector see fewer tables and columns"));
  }
  Answer page;
  page.mutable_catalog()->set_version(catalog.version());
  page.mutable_catalog()->set_identity(catalog.identity());
  page.mutable_catalog()->set_unchanged(catalog.unchanged());
  page.mutable_catalog()->set_same_database(catalog.same_database());
  page.mutable_catalog()->set_identity_change(catalog.identity_change());
  page.mutable_catalog()->set_kept_log(catalog.kept_log());
  page.mutable_catalog()->mutable_notes()->Swap(catalog.mutable_notes());
  std::size_t bytes = page.ByteSizeLong();
  const auto make_room = [&](std::size_t needed) {
    if (bytes + needed > kRoomBytes) {
      SendPage(page);
      page.mutable_catalog()->Clear();
      bytes = 0;
    }
    bytes += needed;
  };
  std::size_t left_out = 0;
  for (CatalogTable& table : *catalog.mutable_tables()) {
    const std::size_t needed = table.ByteSizeLong() + kOverheadBytes;
    if (needed > kRoomBytes) {
      ++left_out;
      continue;
    }
    make_room(needed);
    *page.mutable_catalog()->add_tables() = std::move(table);
  }
  if (left_out > 0) {
    catalog.add_remarks(absl::StrCat(left_out,
                                     " tables are left out: the names of their columns "
                                     "take more than 1 MiB."));
  }
  for (std::string& remark : *catalog.mutable_remarks()) {
    if (remark.size() > kRoomBytes - kOverheadBytes) continue;
    make_room(remark.size() + kOverheadBytes);
    page.mutable_catalog()->add_remarks(std::move(remark));
  }
  SendPage(page);
  return absl::OkStatus();
}

void AnswerWriter::Send(Slices slices) {
  LimitWidened(slices);
  Answer page;
  page.mutable_slices();
  std::size_t bytes = 0;
  for (Slices::Table& table : *slices.mutable_tables()) {
    while (table.slices_size() > 1 && table.ByteSizeLong() + kOverheadBytes > kRoomBytes) {
      JoinByTwo(table);
    }
    const std::size_t needed = table.ByteSizeLong() + kOverheadBytes;
    if (bytes + needed > kRoomBytes) {
      SendPage(page);
      page.mutable_slices()->Clear();
      bytes = 0;
    }
    bytes += needed;
    *page.mutable_slices()->add_tables() = std::move(table);
  }
  SendPage(page);
}

void AnswerWriter::SendPage(const Answer& page) {
  ring_.Send(FrameType::kAnswer, assignment_, page.SerializeAsString());
}

}  // namespace tributary
