// tsvector and tsquery as the server prints them. Pure functions; each appends to `out`,
// and is false where the bytes are malformed. Neither recurses: a query of a million
// terms is a tree that is as deep.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TEXT_SEARCH_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TEXT_SEARCH_H_

#include <string>
#include <string_view>

namespace tributary::postgresql {

// tsvectorsend: 32 bits of how many lexemes; each its text with a NUL, 16 bits of how
// many positions, and those in 16 bits: two of the weight (3: A), 14 of the position.
// "'cat':3A,7 'fat'"
bool AppendTsvector(std::string_view bytes, std::string& out);

// tsquerysend: 32 bits of how many items, in prefix order. A byte 1 is an operand: a byte
// of weights (8: A), one whether it is a prefix, its text with a NUL. A byte 2 is an
// operator: a byte of which (1: !, 2: &, 3: |, 4: <->), for the last one 16 bits of
// distance; its right operand comes first. "'fat' & ( 'cat':A* | 'rat' )"
bool AppendTsquery(std::string_view bytes, std::string& out);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TEXT_SEARCH_H_
