// Geometric types as the server prints them, and the vectors of extensions: lists of
// floats in brackets. Pure functions; each appends to `out`, and is false where the bytes
// are malformed. Numbers have the digits of AppendReal.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SHAPES_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SHAPES_H_

#include <string>
#include <string_view>

namespace tributary::postgresql {

// The geometric types' send functions write coordinates as doubles, one after another; a
// path a byte before them whether it is closed, and a path and a polygon 32 bits of how
// many points.
bool AppendPoint(std::string_view bytes, std::string& out);    // (1,2)
bool AppendLine(std::string_view bytes, std::string& out);     // {1,2,3}
bool AppendSegment(std::string_view bytes, std::string& out);  // [(1,2),(3,4)]
bool AppendBox(std::string_view bytes, std::string& out);      // (3,4),(1,2)
bool AppendPath(std::string_view bytes, std::string& out);     // [(1,2),(3,4)] open, ((1,2),(3,4))
bool AppendPolygon(std::string_view bytes, std::string& out);  // ((1,2),(3,4))
bool AppendCircle(std::string_view bytes, std::string& out);   // <(1,2),3>

// The extension cube, cube_send: 32 bits, the highest of which says that it is a point,
// the others its dimensions; the corners' coordinates, of a point those of one.
// "(1, 2),(3, 4)"
bool AppendCube(std::string_view bytes, std::string& out);

// pgvector. vector_send and halfvec_send: 16 bits of dimensions, 16 unused, the elements
// in 32 and 16 bits. "[1,2.5]"
bool AppendVector(std::string_view bytes, std::string& out);
bool AppendHalfVector(std::string_view bytes, std::string& out);
// sparsevec_send: 32 bits each of dimensions, elements that are not 0, unused; their
// places, counted from 0; their values. Shown counted from 1: "{1:1.5,3:2}/5".
bool AppendSparseVector(std::string_view bytes, std::string& out);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SHAPES_H_
