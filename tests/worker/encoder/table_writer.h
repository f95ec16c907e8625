// A BatchWriter for the rows of one table.
#ifndef TRIBUTARY_TESTS_WORKER_ENCODER_TABLE_WRITER_H_
#define TRIBUTARY_TESTS_WORKER_ENCODER_TABLE_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "worker/encoder/batch_writer.h"

namespace tributary {

class TableWriter : public BatchWriter {
 public:
  TableWriter(RingProducer& ring, std::uint32_t assignment, const std::string& schema,
              const std::string& table, const std::vector<std::string>& columns)
      : BatchWriter(ring, assignment), shape_(schema, table, columns) {}

  using BatchWriter::BeginRow;
  void BeginRow() { BeginRow(shape_); }

 private:
  const TableShape shape_;
};

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_WORKER_ENCODER_TABLE_WRITER_H_
