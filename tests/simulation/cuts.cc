#include "tests/simulation/cuts.h"

#include <string>
#include <utility>

#include "tests/simulation/destination.h"

namespace tributary::simulation {

void CutRange(Random& random, const Range& range, int places, Slices::Table& out) {
  std::string from = range.from();
  const int end = PlaceOf(range.to(), places);
  for (int place = PlaceOf(range.from(), 0) + 1; place < end; ++place) {
    if (!OneIn(random, 6)) continue;
    Range& slice = *out.add_slices();
    slice.set_from(std::exchange(from, BoundAt(place)));
    slice.set_to(BoundAt(place));
    out.add_estimated_bytes(10);
  }
  Range& last = *out.add_slices();
  last.set_from(from);
  last.set_to(range.to());
}

void Spoil(Random& random, Slices& slices) {
  if (slices.tables_size() == 0) return;
  auto& table = *slices.mutable_tables(
      static_cast<int>(Below(random, static_cast<std::size_t>(slices.tables_size()))));
  auto& ranges = *table.mutable_slices();
  if (ranges.empty()) return;
  switch (Below(random, 5)) {
    case 0:
      ranges.RemoveLast();
      break;
    case 1:
      *ranges.Add() = *ranges.begin();
      break;
    case 2:
      ranges.Mutable(0)->set_from(BoundAt(3));
      break;
    case 3:
      ranges.Mutable(ranges.size() - 1)->set_to(BoundAt(kPlaces + 1));
      break;
    case 4:
      slices.clear_tables();
      break;
  }
}

}  // namespace tributary::simulation
