// How a value of a primary key is sent, so that keys which differ in SQLite differ in the
// destination.
//
// A destination finds a row by its key as it was sent. The sent form depends on the column's type,
// and a type can hold fewer values than a column of SQLite, which may mix integers, reals, texts
// and blobs, and texts that are not UTF-8. Two rules keep keys different:
//
// 1. A type accepts only values whose forms are all different in it (FitsInKey): no text in BOOLEAN
//    or DECIMAL, and only one of the texts for one moment (moment.h). Keys are sent in the
//    narrowest type that holds the whole column; if no other type does, widening ends in STRING.
// 2. STRING accepts every value. It is sent as itself or as an SQL literal that gives it back:
//
//      text                             itself
//      blob                             x'0AFF'
//      text that is not UTF-8           CAST(x'4DFC' AS TEXT), its bytes as they are stored
//      integer, real                    12, 1.5
//        where the affinity is TEXT     CAST('12' AS INTEGER), CAST('1.5' AS REAL)
//      text that reads like one of
//      these or begins and ends with '  'x''0AFF''', in quotes
//
//    The forms of different lines are different, and within a line two values have two forms. Only
//    for numbers does the form depend on the column: SQLite converts every number to a text when it
//    is written to a column of TEXT affinity, so there a text like 12 is normal and a number is
//    rare; in most other columns it converts texts like 12 to numbers.
//
// Integers and reals that are equal (1 and 1.0) are one key in SQLite, so their forms need not
// differ.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_KEY_FORM_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_KEY_FORM_H_

#include <string>
#include <string_view>

#include "proto/common.pb.h"

namespace tributary::sqlite {

// Whether a value may be in a key's column of `type` without equalling other keys. The conversion
// checks that it fits the type, and the spelling of a moment. `stored`: its SQLite storage class,
// not null.
bool FitsInKey(fivetran_sdk::v2::DataType type, int stored);

// Whether this declaration gives TEXT affinity (https://sqlite.org/datatype3.html, 3.1).
bool HasTextAffinity(std::string_view declared);

// Whether `text`, valid UTF-8, has to be quoted. `text_affinity`: of its column.
bool ReadsLikeLiteral(std::string_view text, bool text_affinity);

// The literals. For a blob: BlobText (conversion.h).
void QuotedLiteral(std::string_view text, std::string& literal);
void BrokenTextLiteral(std::string_view bytes, std::string& literal);
void IntegerLiteral(std::string_view digits, std::string& literal);
void RealLiteral(std::string_view digits, std::string& literal);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_KEY_FORM_H_
