// Ordinary values for rows: names, addresses, codes, statuses, notes. The same seed gives the same
// values.
#ifndef TRIBUTARY_TESTS_BENCH_ROW_VALUES_H_
#define TRIBUTARY_TESTS_BENCH_ROW_VALUES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::bench {

// splitmix64: its cost is negligible compared with making the values.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }

 private:
  std::uint64_t state_;
};

// A row of an ordinary table.
struct Order {
  std::int64_t id = 0;
  std::int64_t customer = 0;
  std::int64_t quantity = 0;
  double amount = 0;
  double weight = 0;
  // 6 to 32 bytes each.
  std::string status;
  std::string name;
  std::string email;
  std::string product;
  std::string note;
};
// The columns in this order.
inline constexpr const char* kOrderColumns[] = {"id",      "customer_id", "quantity", "amount",
                                                "weight",  "status",      "name",     "email",
                                                "product", "note"};
inline constexpr std::size_t kOrderColumnCount = sizeof(kOrderColumns) / sizeof(kOrderColumns[0]);

// Replaces the content of `order`, whose strings keep their memory.
void MakeOrder(std::int64_t id, Random& random, Order& order);

// Words separated by spaces, of exactly `bytes`.
std::string Words(std::size_t bytes, Random& random);

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_ROW_VALUES_H_
