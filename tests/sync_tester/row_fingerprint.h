// The `_fivetran_id` of a row in a table without a primary key: SHA-256, in hex, over the names,
// kinds and bytes of its values that are not null, in the order of the names. So an added column
// with nulls changes no id, and rows with equal values are one row, as in a real destination.
//
// One thread.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_ROW_FINGERPRINT_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_ROW_FINGERPRINT_H_

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "tests/sync_tester/catalog.h"
#include "tests/sync_tester/stream_contract.h"

namespace tributary::tester {

class RowFingerprint {
 public:
  explicit RowFingerprint(const TableShape& table);

  // 64 hex digits; valid until the next call.
  const std::string& Of(const Row& row);

 private:
  struct FreeDigest {
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
    void operator()(EVP_MD_CTX* hashing) const { EVP_MD_CTX_free(hashing); }
  };

  // Indexes into the table's columns, in the order of their names.
  std::vector<std::size_t> order_;
  std::vector<std::string> names_;
  std::unique_ptr<EVP_MD, FreeDigest> sha256_;
  std::unique_ptr<EVP_MD_CTX, FreeDigest> hashing_;
  std::string bytes_;
  std::string hex_;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_ROW_FINGERPRINT_H_
