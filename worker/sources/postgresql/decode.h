// One value from its binary form to one value call of the encoder. Made for the rows of a
// copy: a switch, a bounds check and an inlined call for an ordinary value; `Sink` is
// whatever has the encoder's value calls (Bool, Short, ... Xml, Null), in tests one that
// records.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_DECODE_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_DECODE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/text.h"
#include "worker/sources/postgresql/json_form.h"
#include "worker/sources/postgresql/nested.h"
#include "worker/sources/postgresql/numbers.h"
#include "worker/sources/postgresql/text_form.h"
#include "worker/sources/postgresql/times.h"
#include "worker/sources/postgresql/type_plan.h"
#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {

// The result of decoding a value. Each result that is not a failure made one value call.
enum class Decoded : std::uint8_t {
  kValue,
  // The value, with U+FFFD for bytes that were not UTF-8.
  kRepaired,
  // Null, because the Fivetran type has no such value: numeric's NaN; an infinite numeric, date or
  // timestamp; a date or timestamp outside the years 1 to 9999.
  kNotANumber,
  kInfinite,
  kOutOfRange,
  // One of these three, or text that is not UTF-8, in a key. Set by RowWriter, which knows the key.
  kNoKey,
  kKeyAsLiteral,
  // No value call was made; as in Outcome.
  kMalformed,
  kStale,
  kTooLarge,
};
inline bool IsFailure(Decoded decoded) { return decoded >= Decoded::kMalformed; }
inline Decoded FailureOf(Outcome outcome) {
  return outcome == Outcome::kMalformed ? Decoded::kMalformed
         : outcome == Outcome::kStale   ? Decoded::kStale
                                        : Decoded::kTooLarge;
}

template <typename Sink>
class ValueDecoder {
 public:
  // `scratch` is kept between values for the memory that it has.
  ValueDecoder(const TypePlan& plan, std::size_t column, std::string& scratch, Sink& sink)
      : plan_(plan), column_(column), scratch_(scratch), sink_(sink) {}

  Decoded Decode(std::string_view bytes) {
    switch (plan_.kind) {
      case Kind::kText:
        return Text<&Sink::String>(bytes);
      case Kind::kInt4:
        if (bytes.size() != 4) return Decoded::kMalformed;
        sink_.Int(column_, LoadBigEndian<std::int32_t>(bytes.data()));
        return Decoded::kValue;
      case Kind::kInt8:
        if (bytes.size() != 8) return Decoded::kMalformed;
        sink_.Long(column_, LoadBigEndian<std::int64_t>(bytes.data()));
        return Decoded::kValue;
      case Kind::kInt2:
        if (bytes.size() != 2) return Decoded::kMalformed;
        sink_.Short(column_, LoadBigEndian<std::int16_t>(bytes.data()));
        return Decoded::kValue;
      case Kind::kOid:
        if (bytes.size() != 4) return Decoded::kMalformed;
        sink_.Long(column_, LoadBigEndian<std::uint32_t>(bytes.data()));
        return Decoded::kValue;
      case Kind::kBool:
        if (bytes.size() != 1) return Decoded::kMalformed;
        sink_.Bool(column_, bytes[0] != 0);
        return Decoded::kValue;
      case Kind::kFloat4:
        if (bytes.size() != 4) return Decoded::kMalformed;
        sink_.Float(column_, std::bit_cast<float>(LoadBigEndian<std::uint32_t>(bytes.data())));
        return Decoded::kValue;
      case Kind::kFloat8:
        if (bytes.size() != 8) return Decoded::kMalformed;
        sink_.Double(column_, std::bit_cast<double>(LoadBigEndian<std::uint64_t>(bytes.data())));
        return Decoded::kValue;
      case Kind::kDate:
        return Date(bytes);
      case Kind::kTimestamp:
        return Timestamp<&Sink::NaiveDatetime>(bytes);
      case Kind::kTimestamptz:
        return Timestamp<&Sink::UtcDatetime>(bytes);
      case Kind::kNumeric:
        return Numeric(bytes);
      case Kind::kMoney:
        if (bytes.size() != 8) return Decoded::kMalformed;
        scratch_.clear();
        AppendMoney(LoadBigEndian<std::int64_t>(bytes.data()), plan_.money_digits, scratch_);
        sink_.Decimal(column_, scratch_);
        return Decoded::kValue;
      case Kind::kBytea:
        sink_.Binary(column_, bytes);
        return Decoded::kValue;
      case Kind::kXml:
        return Text<&Sink::Xml>(bytes);
      case Kind::kJsonb:
        if (!TakeVersion(bytes)) return Decoded::kMalformed;
        return Text<&Sink::Json>(bytes);
      case Kind::kJson:
        return Text<&Sink::Json>(bytes);
      case Kind::kArray:
      case Kind::kComposite:
      case Kind::kRange:
      case Kind::kMultirange:
      case Kind::kHstore:
        scratch_.clear();
        return Made<&Sink::Json>(AppendJson(plan_, bytes, scratch_));
      case Kind::kUnknown:
        return Decoded::kMalformed;
      default:
        scratch_.clear();
        return Made<&Sink::String>(AppendText(plan_, bytes, scratch_));
    }
  }

 private:
  Decoded Null(Decoded why) {
    sink_.Null(column_);
    return why;
  }
  template <auto Call>
  Decoded Text(std::string_view text) {
    if (IsUtf8(text)) {
      (sink_.*Call)(column_, text);
      return Decoded::kValue;
    }
    std::string repaired;
    RepairUtf8(text, repaired);
    (sink_.*Call)(column_, repaired);
    return Decoded::kRepaired;
  }
  template <auto Call>
  Decoded Made(Outcome outcome) {
    if (outcome != Outcome::kDone) return FailureOf(outcome);
    return Text<Call>(scratch_);
  }
  Decoded Date(std::string_view bytes) {
    if (bytes.size() != 4) return Decoded::kMalformed;
    const auto days = LoadBigEndian<std::int32_t>(bytes.data());
    if (IsSendableDate(days)) {
      sink_.NaiveDate(column_, (days + kDaysToEpoch) * kSecondsInDay);
      return Decoded::kValue;
    }
    const bool infinite = days == kDateInfinity || days == kDateMinusInfinity;
    return Null(infinite ? Decoded::kInfinite : Decoded::kOutOfRange);
  }
  template <auto Call>
  Decoded Timestamp(std::string_view bytes) {
    if (bytes.size() != 8) return Decoded::kMalformed;
    const auto micros = LoadBigEndian<std::int64_t>(bytes.data());
    if (IsSendableTimestamp(micros)) {
      const Moment moment = MomentOf(micros);
      (sink_.*Call)(column_, moment.seconds, moment.nanoseconds);
      return Decoded::kValue;
    }
    const bool infinite = micros == kTimestampInfinity || micros == kTimestampMinusInfinity;
    return Null(infinite ? Decoded::kInfinite : Decoded::kOutOfRange);
  }
  Decoded Numeric(std::string_view bytes) {
    scratch_.clear();
    switch (AppendNumeric(bytes, scratch_)) {
      case NumericKind::kFinite:
        sink_.Decimal(column_, scratch_);
        return Decoded::kValue;
      case NumericKind::kNotANumber:
        return Null(Decoded::kNotANumber);
      case NumericKind::kMalformed:
        return Decoded::kMalformed;
      default:
        return Null(Decoded::kInfinite);
    }
  }

  const TypePlan& plan_;
  const std::size_t column_;
  std::string& scratch_;
  Sink& sink_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_DECODE_H_
