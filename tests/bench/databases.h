// The SQLite files that are synced. Each is made once, from the same seed, and
// kept for the next run; half a file is never taken for a whole one.
#ifndef TRIBUTARY_TESTS_BENCH_DATABASES_H_
#define TRIBUTARY_TESTS_BENCH_DATABASES_H_

#include <cstdint>
#include <string>

namespace tributary::bench {

// `folder`/<name>.db. Where it is missing `make` fills a new one; says so on stdout.
class Databases {
 public:
  explicit Databases(std::string folder);

  const std::string& folder() const { return folder_; }

  // `rows` orders in one table. From some millions on they are taken from a
  // smaller file of the same kind, with ids of their own.
  std::string Orders(std::uint64_t rows);
  // `tables` tables with `rows` orders in all, as evenly as it goes.
  std::string ManyTables(std::uint64_t tables, std::uint64_t rows);
  // Integers, reals and texts of 6 to 32 bytes.
  std::string Wide(std::uint64_t rows, int columns);
  // Texts of `bytes`.
  std::string Long(std::uint64_t rows, std::size_t bytes);
  // The sample that tributary-demo-source makes.
  std::string Demo();

  // Reads the whole file, so that the page cache holds it.
  static void Warm(const std::string& file);

 private:
  template <typename Fill>
  std::string Make(const std::string& name, const Fill& fill);

  std::string folder_;
};

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_DATABASES_H_
