#include "tests/sync_tester/progress.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tributary::tester {

namespace {

constexpr absl::Duration kLiveInterval = absl::Milliseconds(200);
constexpr absl::Duration kLineInterval = absl::Seconds(5);
constexpr std::size_t kBarCells = 30;

std::string Bar(std::size_t done, std::size_t total) {
  const std::size_t full = total == 0 ? 0 : std::min(kBarCells, done * kBarCells / total);
  return std::string(full, '#') + std::string(kBarCells - full, '.');
}

}  // namespace

absl::Duration Progress::Interval() const {
  return style_ == ProgressStyle::kLive ? kLiveInterval : kLineInterval;
}

std::vector<std::string> Progress::Lines(const Tally& tally) const {
  const double span = std::max(absl::ToDoubleSeconds(tally.elapsed - before_.at), 1e-3);
  const double rows_now = static_cast<double>(tally.records - before_.records) / span;
  const double mb_now = static_cast<double>(tally.bytes - before_.bytes) / 1e6 / span;
  const std::string checkpoint =
      tally.last_checkpoint
          ? absl::StrFormat("%.1f s ago",
                            absl::ToDoubleSeconds(tally.elapsed - *tally.last_checkpoint))
          : "none yet";
  const std::size_t quiet = tally.TablesQuiet();
  return {
      absl::StrFormat("tables [%s] %d of %d done, %d in motion", Bar(quiet, tally.tables_selected),
                      quiet, tally.tables_selected, tally.TablesSeen() - quiet),
      absl::StrFormat("rows   %s  (%s rows/s now, %s mean)", Grouped(tally.records),
                      Grouped(static_cast<std::uint64_t>(rows_now)),
                      Grouped(static_cast<std::uint64_t>(tally.RowsPerSecond()))),
      absl::StrFormat("bytes  %.1f MB  (%.1f MB/s now, %.1f mean)",
                      static_cast<double>(tally.bytes) / 1e6, mb_now, tally.MegabytesPerSecond()),
      absl::StrFormat("last checkpoint %s (%d so far), warnings %d, %.0f s", checkpoint,
                      tally.checkpoints, tally.warning_count, absl::ToDoubleSeconds(tally.elapsed)),
  };
}

void Progress::Tick(const Tally& tally) {
  if (style_ == ProgressStyle::kNone || tally.elapsed - before_.at < Interval()) return;
  const std::vector<std::string> lines = Lines(tally);
  if (style_ == ProgressStyle::kLines) {
    out_ << absl::StrJoin(lines, " | ") << std::endl;
  } else {
    MoveUp();
    // Erases the rest of each line's earlier text, line by line, so that the display does not
    // flicker.
    for (const std::string& line : lines) out_ << line << "\x1b[K\n";
    out_.flush();
    lines_drawn_ = lines.size();
  }
  before_ = {tally.elapsed, tally.records, tally.bytes};
}

void Progress::Clear() {
  if (lines_drawn_ == 0) return;
  MoveUp();
  out_ << "\x1b[J" << std::flush;
}

void Progress::MoveUp() {
  if (lines_drawn_ == 0) return;
  out_ << "\x1b[" << lines_drawn_ << "A\r";
  lines_drawn_ = 0;
}

}  // namespace tributary::tester
