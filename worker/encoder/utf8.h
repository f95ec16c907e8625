// What may stand in a protobuf string. Pure functions.
#ifndef TRIBUTARY_WORKER_ENCODER_UTF8_H_
#define TRIBUTARY_WORKER_ENCODER_UTF8_H_

#include <string>
#include <string_view>

namespace tributary {

bool IsUtf8(std::string_view text);
// Each maximal part that is not UTF-8 becomes one U+FFFD.
void RepairUtf8(std::string_view text, std::string& repaired);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_ENCODER_UTF8_H_
