// The SQLite files that are synced. Each is made once, always from the same seed, and kept for the
// next run; an incomplete file is never used.
#ifndef TRIBUTARY_TESTS_BENCH_DATABASES_H_
#define TRIBUTARY_TESTS_BENCH_DATABASES_H_

#include <cstdint>
#include <string>

namespace tributary::bench {

// `folder`/<name>.db. If it is missing, `make` fills a new file, and a line on stdout says so.
class Databases {
 public:
  explicit Databases(std::string folder);

  const std::string& folder() const { return folder_; }

  // `rows` orders in one table. If there are millions, they are copied from a smaller file of the
  // same kind, with new ids.
  std::string Orders(std::uint64_t rows);
  // `tables` tables with `rows` orders in total, as evenly as possible.
  std::string ManyTables(std::uint64_t tables, std::uint64_t rows);
  // Integers, reals and texts of 6 to 32 bytes.
  std::string Wide(std::uint64_t rows, int columns);
  // Texts of `bytes` bytes.
  std::string Long(std::uint64_t rows, std::size_t bytes);
  // The sample made by tributary-demo-source.
  std::string Demo();

  // Reads the whole file, so that it is in the page cache.
  static void Warm(const std::string& file);

 private:
  template <typename Fill>
  std::string Make(const std::string& name, const Fill& fill);

  std::string folder_;
};

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_DATABASES_H_
