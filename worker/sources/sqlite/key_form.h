// How a value of a primary key is sent, so that two keys which SQLite tells apart are two
// keys in the destination.
//
// A destination knows a row by its key as it was sent. What is sent of a value depends on
// its column's type, and a type has room for less than a column of SQLite, which may hold
// integers, reals, texts and blobs beside each other, and texts that are not UTF-8. Two
// rules keep keys apart:
//
// 1. A type takes only values of which no two that SQLite tells apart look the same in it
//    (FitsInKey): no text in BOOLEAN or DECIMAL, and of the texts that spell one moment a
//    single one (moment.h). What fits is sent in the narrowest type that holds all of the
//    column, and what does not ends in STRING, by widening.
// 2. STRING takes every value. What is sent is the value itself or an SQL literal that
//    gives it back:
//
//      text                             itself
//      blob                             x'0AFF'
//      text that is not UTF-8           CAST(x'4DFC' AS TEXT), its bytes as they are stored
//      integer, real                    12, 1.5
//        where the affinity is TEXT     CAST('12' AS INTEGER), CAST('1.5' AS REAL)
//      text that reads like one of
//      these or begins and ends with '  'x''0AFF''', in quotes
//
//    Each line's results have a form that no other line's have, and within a line two
//    values have two results. Numbers are the one case where it depends on the column what
//    stays as it is: SQLite turns every number into a text as it is written to a column of
//    TEXT affinity, so there a text like 12 is usual and a number a rarity; and it turns
//    texts like 12 into numbers in most of the others.
//
// Integers and reals that are equal (1 and 1.0) are one key to SQLite; nothing here
// depends on what becomes of them.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_KEY_FORM_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_KEY_FORM_H_

#include <string>
#include <string_view>

#include "proto/common.pb.h"

namespace tributary::sqlite {

// Whether a key's column of `type` may hold a value, as far as the other keys go; that it
// fits the type, and which spelling of a moment does, is for the conversion to see. `stored`:
// SQLite's storage class of it, not null.
bool FitsInKey(fivetran_sdk::v2::DataType type, int stored);

// Of a column declared so the affinity is TEXT (https://sqlite.org/datatype3.html, 3.1).
bool HasTextAffinity(std::string_view declared);

// `text`, of valid UTF-8, has to be quoted. `text_affinity`: of its column.
bool ReadsLikeLiteral(std::string_view text, bool text_affinity);

// The literals. BlobText (conversion.h) is the blob's.
void QuotedLiteral(std::string_view text, std::string& literal);
void BrokenTextLiteral(std::string_view bytes, std::string& literal);
void IntegerLiteral(std::string_view digits, std::string& literal);
void RealLiteral(std::string_view digits, std::string& literal);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_KEY_FORM_H_
