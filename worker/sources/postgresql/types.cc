#include "worker/sources/postgresql/types.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "worker/sources/postgresql/json_text.h"

namespace tributary::postgresql {
namespace {

using fivetran_sdk::v2::DataType;

// The most digits that a DECIMAL may have; a declaration of more gives no limits.
constexpr std::int32_t kMaxDecimalPrecision = 38;
// From here on OIDs belong to the database and not to the server.
constexpr std::uint32_t kFirstUserOid = 16'384;
constexpr int kMostMoneyDigits = 10;
constexpr std::uint32_t kInt2Vector = 22;
constexpr std::uint32_t kOidVector = 30;

DataType SentAs(Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return DataType::BOOLEAN;
    case Kind::kInt2:
      return DataType::SHORT;
    case Kind::kInt4:
      return DataType::INT;
    case Kind::kInt8:
    case Kind::kOid:
      return DataType::LONG;
    case Kind::kFloat4:
      return DataType::FLOAT;
    case Kind::kFloat8:
      return DataType::DOUBLE;
    case Kind::kNumeric:
    case Kind::kMoney:
      return DataType::DECIMAL;
    case Kind::kDate:
      return DataType::NAIVE_DATE;
    case Kind::kTimestamp:
      return DataType::NAIVE_DATETIME;
    case Kind::kTimestamptz:
      return DataType::UTC_DATETIME;
    case Kind::kBytea:
      return DataType::BINARY;
    case Kind::kXml:
      return DataType::XML;
    case Kind::kJson:
    case Kind::kJsonb:
    case Kind::kArray:
    case Kind::kComposite:
    case Kind::kRange:
    case Kind::kMultirange:
    case Kind::kHstore:
      return DataType::JSON;
    default:
      return DataType::STRING;
  }
}

std::shared_ptr<const TypePlan> ServersOwn(Kind kind, const char* name) {
  auto plan = std::make_shared<TypePlan>();
  plan->kind = kind;
  plan->name = name;
  plan->known = plan->sendable = true;
  return plan;
}

// numeric(precision, scale) as a DECIMAL of the same values. A scale may be negative
// (numeric(2,-3): 99000) or above the precision (numeric(3,5): 0.00999).
void SetDecimalLimits(std::int32_t typmod, ColumnType& column) {
  constexpr std::int32_t kHeaderBytes = 4;
  if (typmod < kHeaderBytes) return;
  const std::int32_t precision = (typmod - kHeaderBytes) >> 16 & 0xffff;
  // 11 bits with a sign.
  const std::int32_t scale = (((typmod - kHeaderBytes) & 0x7ff) ^ 1024) - 1024;
  const std::int32_t digits = std::max(scale < 0 ? precision - scale : precision, scale);
  if (precision < 1 || digits > kMaxDecimalPrecision) return;
  column.precision = static_cast<std::uint32_t>(digits);
  column.scale = static_cast<std::uint32_t>(std::max(scale, 0));
}

Kind KindOf(const TypeFacts& facts) {
  if (facts.array) return Kind::kArray;
  switch (facts.type) {
    case 'b':
      return BaseKindOf(facts);
    case 'c':
      return Kind::kComposite;
    case 'e':
      return Kind::kText;
    case 'r':
      return Kind::kRange;
    case 'm':
      return Kind::kMultirange;
    default:
      return Kind::kUnknown;
  }
}

}  // namespace

void ColumnType::SetOn(fivetran_sdk::v2::Column& column) const {
  column.set_type(type);
  if (precision == 0) return;
  column.mutable_params()->mutable_decimal()->set_precision(precision);
  column.mutable_params()->mutable_decimal()->set_scale(scale);
}

bool ColumnType::IsOf(const fivetran_sdk::v2::Column& column) const {
  fivetran_sdk::v2::Column now;
  SetOn(now);
  return now.type() == column.type() &&
         now.params().SerializeAsString() == column.params().SerializeAsString();
}

std::string CopyExpression(CopyForm form, const std::string& quoted) {
  switch (form) {
    case CopyForm::kPlain:
      return quoted;
    case CopyForm::kAsText:
      // format calls the type's output function, as the log does; a cast to text may be
      // another function. It makes '' of a null.
      return absl::StrCat("CASE WHEN ", quoted,
                          " IS DISTINCT FROM NULL THEN pg_catalog.format('%s', ", quoted, ") END");
    case CopyForm::kAsJson:
      return absl::StrCat("pg_catalog.to_jsonb(", quoted, ")");
  }
  return "";
}

TypeCatalog::TypeCatalog(int money_digits)
    : money_digits_(std::clamp(money_digits, 0, kMostMoneyDigits)) {
  for (TypeFacts& facts : BuiltinTypes()) Add(std::move(facts));
}

void TypeCatalog::Add(TypeFacts facts) {
  const std::uint32_t oid = facts.oid;
  facts_.insert_or_assign(oid, std::move(facts));
}

void TypeCatalog::AddGone(std::uint32_t oid) {
  TypeFacts facts;
  facts.oid = oid;
  facts.name = absl::StrCat("of OID ", oid);
  Add(std::move(facts));
}

void TypeCatalog::ForgetUserTypes() {
  std::erase_if(facts_, [](const auto& facts) { return facts.first >= kFirstUserOid; });
  std::erase_if(plans_, [](const auto& plan) { return plan.first >= kFirstUserOid; });
}

const TypeFacts* TypeCatalog::Find(std::uint32_t oid) const {
  const auto found = facts_.find(oid);
  return found == facts_.end() ? nullptr : &found->second;
}

std::vector<std::uint32_t> TypeCatalog::Missing(const std::vector<std::uint32_t>& oids) const {
  std::vector<std::uint32_t> open = oids;
  std::set<std::uint32_t> seen(oids.begin(), oids.end());
  std::vector<std::uint32_t> missing;
  const auto look_at = [&open, &seen](std::uint32_t oid) {
    if (oid != 0 && seen.insert(oid).second) open.push_back(oid);
  };
  while (!open.empty()) {
    const std::uint32_t oid = open.back();
    open.pop_back();
    const TypeFacts* const facts = Find(oid);
    if (facts == nullptr) {
      missing.push_back(oid);
      continue;
    }
    look_at(facts->inner);
    for (const TypeFacts::Field& field : facts->fields) look_at(field.type);
  }
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  return missing;
}

std::shared_ptr<const TypePlan> TypeCatalog::PlanOf(std::uint32_t oid, std::size_t depth) {
  static const std::shared_ptr<const TypePlan> kNone = std::make_shared<TypePlan>();
  if (const auto made = plans_.find(oid); made != plans_.end()) return made->second;
  const TypeFacts* const facts = Find(oid);
  // Types cannot contain themselves; what contains others to such a depth is read as text.
  if (facts == nullptr || depth == limits::kPostgresqlTypeDepth) return kNone;
  if (facts->type == 'd') return PlanOf(facts->inner, depth + 1);
  // Met again within itself, it is not known.
  plans_[oid] = kNone;
  auto plan = std::make_shared<TypePlan>();
  plan->kind = KindOf(*facts);
  plan->name = facts->name;
  const bool is_vector = oid == kInt2Vector || oid == kOidVector;
  plan->delimiter = is_vector ? kVectorDelimiter : facts->delimiter;
  plan->money_digits = static_cast<std::uint8_t>(money_digits_);
  plan->casts_to_json = facts->casts_to_json && plan->kind != Kind::kHstore;
  plan->known = plan->kind != Kind::kUnknown;
  plan->sendable = !facts->send.empty();
  AddParts(*facts, depth, *plan);
  plans_[oid] = plan;
  return plan;
}

void TypeCatalog::AddParts(const TypeFacts& facts, std::size_t depth, TypePlan& plan) {
  const bool as_json = plan.kind == Kind::kArray || plan.kind == Kind::kComposite;
  const auto add = [&](std::uint32_t oid, std::string_view name) {
    TypePart& part = plan.parts.emplace_back();
    part.oid = oid;
    AppendJsonString(name, part.json_key);
    part.plan = PlanOf(oid, depth + 1);
    plan.known = plan.known && part.plan->known && !(as_json && part.plan->casts_to_json);
    plan.sendable = plan.sendable && part.plan->sendable;
  };
  if (plan.kind == Kind::kComposite) {
    for (const TypeFacts::Field& field : facts.fields) add(field.type, field.name);
  } else if (as_json || plan.kind == Kind::kRange || plan.kind == Kind::kMultirange) {
    add(facts.inner, "");
  }
  // The parts of a multirange are ranges, or nothing is known of it.
  if (plan.kind == Kind::kMultirange && plan.parts[0].plan->kind != Kind::kRange) {
    plan.known = false;
  }
  if (plan.kind != Kind::kComposite) return;
  for (std::uint32_t at = 0; at < plan.parts.size(); ++at) plan.json_order.push_back(at);
  std::stable_sort(plan.json_order.begin(), plan.json_order.end(),
                   [&facts](std::uint32_t a, std::uint32_t b) {
                     return IsBeforeInJsonb(facts.fields[a].name, facts.fields[b].name);
                   });
}

absl::StatusOr<ColumnType> TypeCatalog::Column(std::uint32_t oid, std::int32_t typmod) {
  const std::vector<std::uint32_t> missing = Missing({oid});
  if (!missing.empty()) {
    return absl::NotFoundError(absl::StrCat("plan type ", oid, ": nothing was added of type ",
                                            missing.front(), "; ask pg_type for it"));
  }
  static const std::shared_ptr<const TypePlan> kTextPlan = ServersOwn(Kind::kText, "text");
  static const std::shared_ptr<const TypePlan> kJsonbPlan = ServersOwn(Kind::kJsonb, "jsonb");
  const TypeFacts* facts = Find(oid);
  const bool sends = !facts->send.empty();
  for (std::size_t depth = 0;
       facts != nullptr && facts->type == 'd' && depth < limits::kPostgresqlTypeDepth; ++depth) {
    typmod = facts->typmod;
    facts = Find(facts->inner);
  }
  const auto plan = PlanOf(oid, 0);
  ColumnType column;
  column.type = SentAs(plan->kind);
  column.copied = column.logged = plan;
  if (plan->kind == Kind::kNumeric) SetDecimalLimits(typmod, column);
  if (!sends) {
    column.type = DataType::STRING;
    column.copy_form = CopyForm::kAsText;
    column.log_form = LogForm::kText;
  } else if (!plan->known || !plan->sendable) {
    column.copy_form = column.type == DataType::JSON ? CopyForm::kAsJson : CopyForm::kAsText;
    column.log_form = plan->sendable ? LogForm::kReadAgain : LogForm::kBreaksStream;
  }
  if (column.copy_form == CopyForm::kAsText) column.copied = kTextPlan;
  if (column.copy_form == CopyForm::kAsJson) column.copied = kJsonbPlan;
  return column;
}

}  // namespace tributary::postgresql
