// The digest that rows without a key share: the sum of their digests modulo 2^128. So the order in
// which they are read does not matter, and a row that occurs twice counts twice.
//
// Pure.
#ifndef TRIBUTARY_WORKER_COMPARE_CONTENT_SUM_H_
#define TRIBUTARY_WORKER_COMPARE_CONTENT_SUM_H_

#include <cstddef>

#include "worker/compare/row_digest.h"

namespace tributary {

class ContentSum {
 public:
  // `digest`: kRowDigestBytes, most significant byte first.
  void Add(const char* digest) {
    unsigned carry = 0;
    for (std::size_t at = kRowDigestBytes; at-- > 0;) {
      carry += static_cast<unsigned char>(sum_[at]);
      carry += static_cast<unsigned char>(digest[at]);
      sum_[at] = static_cast<char>(carry);
      carry >>= 8;
    }
  }
  void Add(const RowDigest& digest) { Add(digest.data()); }

  const RowDigest& digest() const { return sum_; }
  bool operator==(const ContentSum&) const = default;

 private:
  RowDigest sum_{};
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_CONTENT_SUM_H_
