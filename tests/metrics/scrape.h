// The client side of HTTP for tests, and the samples of a scrape. Shares no code with the server.
#ifndef TRIBUTARY_TESTS_METRICS_SCRAPE_H_
#define TRIBUTARY_TESTS_METRICS_SCRAPE_H_

#include <chrono>
#include <map>
#include <string>

#include "common/file_descriptor.h"

namespace tributary::tests {

struct HttpAnswer {
  // 0: there was no answer.
  int status = 0;
  // Status line and header fields.
  std::string head;
  std::string body;
};

// A connection to "127.0.0.1:9464" or "[::1]:9464"; not valid if nothing listens there.
FileDescriptor ConnectTo(const std::string& address);
// Sends `request` unchanged, and reads to the end of the answer.
HttpAnswer Ask(const std::string& address, const std::string& request,
               std::chrono::seconds limit = std::chrono::seconds(30));
HttpAnswer Get(const std::string& address, const std::string& target = "/metrics");

// The samples of a scrape: "tributary_syncs_ended_total{outcome="ok"}" and its value.
class Samples {
 public:
  explicit Samples(const std::string& exposition);

  // -1, which no metric of ours ever is, if there is no such sample.
  double operator[](const std::string& name) const;
  // The sum of all series of one metric.
  double Sum(const std::string& metric) const;
  // Whether any sample's name contains `part`.
  bool AnyHolds(const std::string& part) const;
  std::size_t size() const { return values_.size(); }
  const std::map<std::string, double>& all() const { return values_; }

 private:
  std::map<std::string, double> values_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_METRICS_SCRAPE_H_
