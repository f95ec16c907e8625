// Any graph of types like pg_type's: asking for missing types ends, and each column gets a plan,
// however types contain each other. Six bytes describe a type with an OID from 20000 on: its OID,
// its kind, and up to four types that it is made of.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "worker/sources/postgresql/types.h"

namespace tributary::postgresql {
namespace {

constexpr std::size_t kTypeBytes = 6;
constexpr std::uint32_t kFirstOid = 20'000;

void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

// A low byte chooses one of the server's own types.
std::uint32_t OidOf(std::uint8_t byte) {
  constexpr std::uint32_t kServersOwn[] = {0, 16, 23, 25, 114, 1007, 1033, 1700, 3904, 4451};
  return byte < std::size(kServersOwn) ? kServersOwn[byte] : kFirstOid + byte;
}

TypeFacts FactsOf(const std::uint8_t* at) {
  TypeFacts facts;
  facts.oid = kFirstOid + at[0];
  facts.name = "t" + std::to_string(at[0]);
  facts.type = "bcdermp"[at[1] % 7];
  facts.array = (at[1] & 0x40) != 0 && facts.type == 'b';
  facts.send = (at[1] & 0x80) != 0 ? "" : "send";
  facts.inner = OidOf(at[2]);
  if (facts.type == 'c') {
    for (std::size_t i = 2; i < kTypeBytes; ++i) {
      facts.fields.push_back({.name = "f" + std::to_string(i), .type = OidOf(at[i])});
    }
  }
  return facts;
}

bool HasKnownParts(const TypePlan& plan, std::size_t depth) {
  Require(depth < 64, "a plan is finite");
  for (const TypePart& part : plan.parts) {
    if (!part.plan->known || !HasKnownParts(*part.plan, depth + 1)) return false;
  }
  return true;
}

void Check(const std::uint8_t* data, std::size_t size) {
  TypeCatalog catalog;
  std::vector<std::uint32_t> wanted;
  for (; size >= kTypeBytes; data += kTypeBytes, size -= kTypeBytes) {
    catalog.Add(FactsOf(data));
    wanted.push_back(kFirstOid + data[0]);
  }
  const auto missing = catalog.Missing(wanted);
  for (const std::uint32_t oid : missing) {
    Require(!catalog.Column(oid, -1).ok(), "what is missing has no plan");
    catalog.AddGone(oid);
  }
  Require(catalog.Missing(wanted).empty(), "what was added is not missing");
  for (const std::uint32_t oid : wanted) {
    const auto column = catalog.Column(oid, 0x00050006);
    Require(column.ok() && column->copied != nullptr && column->logged != nullptr,
            "every type has a plan");
    if (column->log_form != LogForm::kBinary) continue;
    Require(column->logged->known && column->logged->sendable, "what is read is known");
    Require(HasKnownParts(*column->logged, 0), "the parts of what is read are known");
  }
}

}  // namespace
}  // namespace tributary::postgresql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tributary::postgresql::Check(data, size);
  return 0;
}
