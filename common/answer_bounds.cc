#include "common/answer_bounds.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace tributary {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// The least that an element takes of a message: its tag, and its length or value.
constexpr std::size_t kLeastElementBytes = 2;

enum class Walked { kSound, kNoMessage, kTooMany };

class Walk {
 public:
  Walk(std::string_view bytes, std::size_t most)
      : in_(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size())),
        left_(most) {}

  // Descends as far as the types do: none of a worker's messages holds its own type.
  Walked Message(const Descriptor& type) {
    for (;;) {
      const std::uint32_t tag = in_.ReadTag();
      if (tag == 0) return in_.ConsumedEntireMessage() ? Walked::kSound : Walked::kNoMessage;
      const FieldDescriptor* const field =
          type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
      // Both ends are the same executable, so a field that is not known is none of a
      // sound worker's; parsed, it would be kept.
      if (field == nullptr) return Walked::kNoMessage;
      const Walked walked = Field(*field, WireFormatLite::GetTagWireType(tag));
      if (walked != Walked::kSound) return walked;
    }
  }

 private:
  Walked Field(const FieldDescriptor& field, WireFormatLite::WireType wire_type) {
    const auto own =
        WireFormatLite::WireTypeForFieldType(static_cast<WireFormatLite::FieldType>(field.type()));
    if (wire_type != own) {
      return field.is_packable() && wire_type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED
                 ? Packed(own)
                 : Walked::kNoMessage;
    }
    if (field.is_repeated() || field.message_type() != nullptr) {
      if (!Count(1)) return Walked::kTooMany;
    }
    if (own != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) return Skip(own);
    std::uint32_t length = 0;
    if (!ReadLength(length)) return Walked::kNoMessage;
    if (field.message_type() == nullptr) return SoundIf(in_.Skip(static_cast<int>(length)));
    const auto limit = in_.PushLimit(static_cast<int>(length));
    const Walked walked = Message(*field.message_type());
    in_.PopLimit(limit);
    return walked;
  }

  Walked Packed(WireFormatLite::WireType own) {
    std::uint32_t length = 0;
    if (!ReadLength(length)) return Walked::kNoMessage;
    const auto limit = in_.PushLimit(static_cast<int>(length));
    while (in_.BytesUntilLimit() > 0) {
      if (!Count(1)) return Walked::kTooMany;
      if (const Walked walked = Skip(own); walked != Walked::kSound) return walked;
    }
    in_.PopLimit(limit);
    return Walked::kSound;
  }

  Walked Skip(WireFormatLite::WireType wire_type) {
    std::uint64_t value = 0;
    switch (wire_type) {
      case WireFormatLite::WIRETYPE_VARINT:
        return SoundIf(in_.ReadVarint64(&value));
      case WireFormatLite::WIRETYPE_FIXED32:
        return SoundIf(in_.Skip(sizeof(std::uint32_t)));
      case WireFormatLite::WIRETYPE_FIXED64:
        return SoundIf(in_.Skip(sizeof(std::uint64_t)));
      default:
        return Walked::kNoMessage;
    }
  }

  // Within what surrounds it: a limit that reaches further is cut short and would hide it.
  bool ReadLength(std::uint32_t& length) {
    return in_.ReadVarint32(&length) && length <= static_cast<std::uint32_t>(in_.BytesUntilLimit());
  }

  bool Count(std::size_t elements) {
    if (elements > left_) return false;
    left_ -= elements;
    return true;
  }
  static Walked SoundIf(bool holds) { return holds ? Walked::kSound : Walked::kNoMessage; }

  CodedInputStream in_;
  std::size_t left_;
};

}  // namespace

AnswerBounds BoundsFor(Assignment::WorkCase asked) {
  switch (asked) {
    case Assignment::kDescribe:
      return {limits::kMaxControlMessageBytes, limits::kMaxCatalogElements};
    case Assignment::kSlice:
      return {limits::kMaxSlicesBytes, limits::kMaxSlicesElements};
    default:
      return {};
  }
}

absl::Status CheckElements(const Descriptor& type, std::string_view bytes, std::size_t most) {
  switch (Walk(bytes, most).Message(type)) {
    case Walked::kSound:
      return absl::OkStatus();
    case Walked::kNoMessage:
      return absl::InvalidArgumentError("bytes that are no message");
    case Walked::kTooMany:
      return absl::InvalidArgumentError(absl::StrCat("a message of more than ", most, " elements"));
  }
  return absl::OkStatus();
}

bool IsWithin(const AnswerBounds& bounds, const google::protobuf::Message& message) {
  const std::size_t bytes = message.ByteSizeLong();
  if (bytes > bounds.bytes) return false;
  // Nearly every answer is too small to hold so many.
  if (bytes / kLeastElementBytes <= bounds.elements) return true;
  return CheckElements(*message.GetDescriptor(), message.SerializeAsString(), bounds.elements).ok();
}

}  // namespace tributary
