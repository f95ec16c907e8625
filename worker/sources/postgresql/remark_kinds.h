// What was done to a value, in the form of marks and log reports.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_REMARK_KINDS_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_REMARK_KINDS_H_

#include "proto/worker.pb.h"
#include "worker/sources/postgresql/decode.h"

namespace tributary::postgresql {

inline ColumnRemark::What RemarkOf(Decoded decoded) {
  switch (decoded) {
    case Decoded::kRepaired:
      return ColumnRemark::REPAIRED_UTF8;
    case Decoded::kNotANumber:
      return ColumnRemark::NOT_A_NUMBER;
    case Decoded::kInfinite:
      return ColumnRemark::INFINITE;
    case Decoded::kNoKey:
      return ColumnRemark::NO_KEY;
    case Decoded::kKeyAsLiteral:
      return ColumnRemark::KEY_AS_LITERAL;
    default:
      return ColumnRemark::OUT_OF_RANGE;
  }
}

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_REMARK_KINDS_H_
