#include "worker/sources/postgresql/nested_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "worker/sources/postgresql/numbers.h"
#include "worker/sources/postgresql/text_form.h"

namespace tributary::postgresql {
namespace {

constexpr std::string_view kSpaces = " \t\n\r\v\f";

bool HasAny(std::string_view text, std::string_view characters) {
  return text.find_first_of(characters) != std::string_view::npos;
}

// In upper or lower case.
bool IsNullWord(std::string_view text) {
  constexpr std::string_view kNull = "null";
  return std::equal(text.begin(), text.end(), kNull.begin(), kNull.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

// array_out: `"` and `\` get a `\` before them.
void AppendElement(std::string_view text, char delimiter, std::string& out) {
  const bool quoted = text.empty() || IsNullWord(text) || HasAny(text, "\"\\{}") ||
                      HasAny(text, kSpaces) || text.find(delimiter) != std::string_view::npos;
  if (!quoted) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

// record_out and range_out: `"` and `\` are doubled.
void AppendDoubled(std::string_view text, std::string_view special, std::string& out) {
  if (!text.empty() && !HasAny(text, special) && !HasAny(text, kSpaces)) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('"');
}

Outcome AppendBound(const TypePlan& subtype, const Part& bound, std::string& out) {
  if (!bound) return Outcome::kDone;
  std::string text;
  const Outcome outcome = AppendText(subtype, *bound, text);
  if (outcome == Outcome::kDone) AppendDoubled(text, "\"\\()[],", out);
  return outcome;
}

void AppendHstoreString(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

}  // namespace

Outcome AppendArrayText(const TypePlan& plan, std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  ArrayShape shape;
  if (!TakeArrayShape(reader, plan, shape)) return Outcome::kMalformed;
  const bool is_vector = plan.delimiter == kVectorDelimiter;
  const auto* const lower_bounds = shape.lower_bounds.data();
  if (!is_vector && shape.elements > 0 &&
      std::any_of(lower_bounds, lower_bounds + shape.dimensions,
                  [](std::int32_t bound) { return bound != 1; })) {
    for (std::size_t at = 0; at < shape.dimensions; ++at) {
      const std::int64_t lower = lower_bounds[at];
      out.push_back('[');
      AppendInteger(lower, out);
      out.push_back(':');
      AppendInteger(lower + static_cast<std::int64_t>(shape.sizes[at]) - 1, out);
      out.push_back(']');
    }
    out.push_back('=');
  }
  const TypePlan& element = *plan.parts[0].plan;
  std::string text;
  const ArrayMarks marks = {.open = is_vector ? "" : "{",
                            .close = is_vector ? "" : "}",
                            .separator = std::string_view(&plan.delimiter, 1)};
  return WriteArray(reader, shape, marks, out, [&](const Part& part) {
    if (!part) {
      out.append("NULL");
      return Outcome::kDone;
    }
    text.clear();
    const Outcome outcome = AppendText(element, *part, text);
    if (outcome == Outcome::kDone) AppendElement(text, plan.delimiter, out);
    return outcome;
  });
}

Outcome AppendCompositeText(const TypePlan& plan, std::string_view bytes, std::string& out) {
  CompositeFields fields;
  const Outcome taken = TakeComposite(bytes, plan, fields);
  if (taken != Outcome::kDone) return taken;
  std::string text;
  out.push_back('(');
  for (std::size_t at = 0; at < fields.size(); ++at) {
    if (at > 0) out.push_back(',');
    if (!fields[at]) continue;
    text.clear();
    const Outcome outcome = AppendText(*plan.parts[at].plan, *fields[at], text);
    if (outcome != Outcome::kDone) return outcome;
    AppendDoubled(text, "\"\\(),", out);
    if (IsTooLarge(out.size())) return Outcome::kTooLarge;
  }
  out.push_back(')');
  return Outcome::kDone;
}

Outcome AppendRangeText(const TypePlan& plan, std::string_view bytes, std::string& out) {
  RangeBounds range;
  if (!TakeRange(bytes, range)) return Outcome::kMalformed;
  if (range.empty) {
    out.append("empty");
    return Outcome::kDone;
  }
  const TypePlan& subtype = *plan.parts[0].plan;
  out.push_back(range.lower_inclusive ? '[' : '(');
  Outcome outcome = AppendBound(subtype, range.lower, out);
  if (outcome != Outcome::kDone) return outcome;
  out.push_back(',');
  outcome = AppendBound(subtype, range.upper, out);
  out.push_back(range.upper_inclusive ? ']' : ')');
  return outcome;
}

Outcome AppendMultirangeText(const TypePlan& plan, std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto ranges = reader.Take<std::uint32_t>();
  out.push_back('{');
  for (std::uint32_t i = 0; i < ranges; ++i) {
    if (i > 0) out.push_back(',');
    const Part range = TakePart(reader);
    if (!range) return Outcome::kMalformed;
    const Outcome outcome = AppendRangeText(*plan.parts[0].plan, *range, out);
    if (outcome != Outcome::kDone) return outcome;
    if (IsTooLarge(out.size())) return Outcome::kTooLarge;
  }
  out.push_back('}');
  return DoneIf(reader.Ended());
}

Outcome AppendHstoreText(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto pairs = reader.Take<std::uint32_t>();
  for (std::uint32_t i = 0; i < pairs; ++i) {
    if (i > 0) out.append(", ");
    const Part key = TakePart(reader);
    if (!key) return Outcome::kMalformed;
    const Part value = TakePart(reader);
    if (!reader.ok()) return Outcome::kMalformed;
    AppendHstoreString(*key, out);
    out.append("=>");
    if (value) {
      AppendHstoreString(*value, out);
    } else {
      out.append("NULL");
    }
    if (IsTooLarge(out.size())) return Outcome::kTooLarge;
  }
  return DoneIf(reader.Ended());
}

}  // namespace tributary::postgresql
