// One message on its way through the supervisor.
#ifndef TRIBUTARY_SUPERVISOR_DELIVERY_ITEM_H_
#define TRIBUTARY_SUPERVISOR_DELIVERY_ITEM_H_

#include <cstdint>
#include <string_view>

#include "supervisor/pool/worker.h"
#include "supervisor/staging/item.h"

namespace tributary {

struct Item {
  std::uint64_t position = 0;
  ItemKind kind = ItemKind::kBatch;
  std::string_view bytes;
  // What staging may keep instead of `bytes`; empty if there is nothing shorter.
  std::string_view compact;
  // Keeps both alive.
  Hold hold;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DELIVERY_ITEM_H_
