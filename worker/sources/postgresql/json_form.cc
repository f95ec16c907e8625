#include "worker/sources/postgresql/json_form.h"

#include <bit>
#include <cstddef>
#include <cstdint>

#include "worker/sources/postgresql/json_text.h"
#include "worker/sources/postgresql/numbers.h"
#include "worker/sources/postgresql/text_form.h"
#include "worker/sources/postgresql/times.h"
#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {
namespace {

// A string of any size: an escape takes six bytes for one, so it is looked at between
// pieces whether it has become too large.
Outcome AppendString(std::string_view text, std::string& out) {
  constexpr std::size_t kPieceBytes = limits::kMiB;
  out.push_back('"');
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, kPieceBytes);
    AppendJsonEscaped(piece, out);
    text.remove_prefix(piece.size());
    if (IsTooLarge(out.size())) return Outcome::kTooLarge;
  }
  out.push_back('"');
  return Outcome::kDone;
}

// Its text, which may hold anything.
Outcome AppendTextAsString(const TypePlan& plan, std::string_view bytes, std::string& out) {
  std::string text;
  const Outcome outcome = AppendText(plan, bytes, text);
  return outcome == Outcome::kDone ? AppendString(text, out) : outcome;
}

// Its text, which has no character that JSON escapes.
Outcome AppendQuotedText(const TypePlan& plan, std::string_view bytes, std::string& out) {
  out.push_back('"');
  const Outcome outcome = AppendText(plan, bytes, out);
  out.push_back('"');
  return outcome;
}

Outcome AppendNumericJson(std::string_view bytes, std::string& out) {
  const std::size_t before = out.size();
  switch (AppendNumeric(bytes, out)) {
    case NumericKind::kFinite:
      return Outcome::kDone;
    case NumericKind::kMalformed:
      return Outcome::kMalformed;
    default:
      out.resize(before);
      out.push_back('"');
      AppendNumericText(bytes, out);
      out.push_back('"');
      return Outcome::kDone;
  }
}

template <typename Real, typename Bits>
Outcome AppendRealJson(const TypePlan& plan, std::string_view bytes, std::string& out) {
  if (bytes.size() != sizeof(Bits)) return Outcome::kMalformed;
  const Real value = std::bit_cast<Real>(LoadBigEndian<Bits>(bytes.data()));
  return AppendPlainReal(value, out) ? Outcome::kDone : AppendQuotedText(plan, bytes, out);
}

Outcome AppendTimestampJson(std::string_view bytes, TimestampText form, std::string& out) {
  if (bytes.size() != sizeof(std::int64_t)) return Outcome::kMalformed;
  out.push_back('"');
  AppendTimestamp(LoadBigEndian<std::int64_t>(bytes.data()), form, out);
  out.push_back('"');
  return Outcome::kDone;
}

Outcome AppendJsonbFormOf(std::string_view json, std::string& out) {
  switch (AppendJsonbForm(json, out)) {
    case JsonbForm::kWritten:
      return Outcome::kDone;
    case JsonbForm::kTooLarge:
      return Outcome::kTooLarge;
    case JsonbForm::kNotJson:
      break;
  }
  return Outcome::kMalformed;
}

Outcome AppendArrayJson(const TypePlan& plan, std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  ArrayShape shape;
  if (!TakeArrayShape(reader, plan, shape)) return Outcome::kMalformed;
  const TypePlan& element = *plan.parts[0].plan;
  const ArrayMarks marks = {.open = "[", .close = "]", .separator = ", "};
  return WriteArray(reader, shape, marks, out, [&](const Part& part) {
    if (part) return AppendJson(element, *part, out);
    out.append("null");
    return Outcome::kDone;
  });
}

Outcome AppendCompositeJson(const TypePlan& plan, std::string_view bytes, std::string& out) {
  CompositeFields fields;
  const Outcome taken = TakeComposite(bytes, plan, fields);
  if (taken != Outcome::kDone) return taken;
  out.push_back('{');
  bool first = true;
  for (const std::uint32_t at : plan.json_order) {
    if (!first) out.append(", ");
    first = false;
    out.append(plan.parts[at].json_key);
    out.append(": ");
    if (!fields[at]) {
      out.append("null");
      continue;
    }
    const Outcome outcome = AppendJson(*plan.parts[at].plan, *fields[at], out);
    if (outcome != Outcome::kDone) return outcome;
    if (IsTooLarge(out.size())) return Outcome::kTooLarge;
  }
  out.push_back('}');
  return Outcome::kDone;
}

// hstore keeps its keys in jsonb's order.
Outcome AppendHstoreJson(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto pairs = reader.Take<std::uint32_t>();
  out.push_back('{');
  for (std::uint32_t i = 0; i < pairs; ++i) {
    if (i > 0) out.append(", ");
    const Part key = TakePart(reader);
    if (!key) return Outcome::kMalformed;
    const Part value = TakePart(reader);
    if (!reader.ok()) return Outcome::kMalformed;
    Outcome outcome = AppendString(*key, out);
    out.append(": ");
    if (outcome == Outcome::kDone && value) outcome = AppendString(*value, out);
    if (outcome != Outcome::kDone) return outcome;
    if (!value) out.append("null");
  }
  out.push_back('}');
  return DoneIf(reader.Ended());
}

}  // namespace

Outcome AppendJson(const TypePlan& plan, std::string_view bytes, std::string& out) {
  switch (plan.kind) {
    case Kind::kBool:
      if (bytes.size() != 1) return Outcome::kMalformed;
      out.append(bytes[0] != 0 ? "true" : "false");
      return Outcome::kDone;
    case Kind::kInt2:
    case Kind::kInt4:
    case Kind::kInt8:
      return AppendText(plan, bytes, out);
    case Kind::kFloat4:
      return AppendRealJson<float, std::uint32_t>(plan, bytes, out);
    case Kind::kFloat8:
      return AppendRealJson<double, std::uint64_t>(plan, bytes, out);
    case Kind::kNumeric:
      return AppendNumericJson(bytes, out);
    case Kind::kTimestamp:
      return AppendTimestampJson(bytes, TimestampText::kJsonNaive, out);
    case Kind::kTimestamptz:
      return AppendTimestampJson(bytes, TimestampText::kJsonUtc, out);
    case Kind::kText:
    case Kind::kXml:
      return IsTooLarge(bytes.size()) ? Outcome::kTooLarge : AppendString(bytes, out);
    case Kind::kJson:
      return IsTooLarge(bytes.size()) ? Outcome::kTooLarge : AppendJsonbFormOf(bytes, out);
    case Kind::kJsonb:
      return AppendText(plan, bytes, out);
    case Kind::kArray:
      return AppendArrayJson(plan, bytes, out);
    case Kind::kComposite:
      return AppendCompositeJson(plan, bytes, out);
    case Kind::kHstore:
      return AppendHstoreJson(bytes, out);
    case Kind::kByteChar:
    case Kind::kVersionedText:
    case Kind::kTsvector:
    case Kind::kTsquery:
    case Kind::kBytea:
    case Kind::kRange:
    case Kind::kMultirange:
      return AppendTextAsString(plan, bytes, out);
    default:
      return AppendQuotedText(plan, bytes, out);
  }
}

}  // namespace tributary::postgresql
