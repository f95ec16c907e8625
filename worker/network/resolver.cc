#include "worker/network/resolver.h"

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/file_descriptor.h"
#include "worker/wait.h"

namespace tributary {
namespace {

constexpr std::size_t kMaxHostBytes = 253;

// Shared with the thread, which may outlive the call.
struct Question {
  std::string host;
  // Becomes readable when the answer is there; this orders the two threads.
  FileDescriptor answered;
  int code = 0;
  int error = 0;
  std::vector<std::string> addresses;
};

void Answer(Question& question) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  question.code = ::getaddrinfo(question.host.c_str(), nullptr, &hints, &found);
  question.error = errno;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    std::array<char, NI_MAXHOST> digits{};
    if (::getnameinfo(address->ai_addr, address->ai_addrlen, digits.data(), digits.size(), nullptr,
                      0, NI_NUMERICHOST) == 0) {
      question.addresses.emplace_back(digits.data());
    }
  }
  if (found != nullptr) ::freeaddrinfo(found);
  const std::uint64_t one = 1;
  (void)!::write(question.answered.get(), &one, sizeof(one));
}

// A name, or an address in digits with an interface of a link-local one.
bool CanBeHost(const std::string& host) {
  return !host.empty() && host.size() <= kMaxHostBytes &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  std::strchr("-._:%", c) != nullptr;
         });
}

absl::Status NoAnswer(const std::string& host, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("resolve host \"", host, "\": ", why,
                                             "; check the connector's DNS (/etc/resolv.conf)"));
}

absl::Status Meaning(const Question& question) {
  switch (question.code) {
    case EAI_NONAME:
    case EAI_NODATA:
      return absl::FailedPreconditionError(absl::StrCat(
          "resolve host \"", question.host, "\": there is no host of that name; correct it"));
    case EAI_SYSTEM:
      return NoAnswer(question.host, std::strerror(question.error));
    default:
      return NoAnswer(question.host, ::gai_strerror(question.code));
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ResolveHost(const std::string& host, Pulse& pulse,
                                                     std::chrono::milliseconds patience) {
  if (!CanBeHost(host)) {
    return absl::FailedPreconditionError(
        "resolve host: it is not a host name; give its name or address alone, without scheme, user "
        "or port");
  }
  const auto until = std::chrono::steady_clock::now() + patience;
  const auto question = std::make_shared<Question>();
  question->host = host;
  question->answered = FileDescriptor(::eventfd(0, EFD_CLOEXEC));
  if (!question->answered.valid()) return NoAnswer(host, "there is no descriptor for it");
  try {
    std::thread([question] { Answer(*question); }).detach();
  } catch (const std::system_error&) {
    return NoAnswer(host, "there is no thread for it");
  }
  if (WaitFor(question->answered.get(), POLLIN, until, pulse) != POLLIN) {
    return NoAnswer(host, absl::StrCat("no answer within ", patience.count() / 1000, " s"));
  }
  std::uint64_t count = 0;
  (void)!::read(question->answered.get(), &count, sizeof(count));
  if (question->code != 0) return Meaning(*question);
  if (question->addresses.empty()) return NoAnswer(host, "it has no address");
  return question->addresses;
}

}  // namespace tributary
