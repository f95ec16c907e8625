#include "tests/bench/row_values.h"

#include <array>

namespace tributary::bench {
namespace {

constexpr std::array<std::string_view, 16> kFirstNames = {
    "Anna", "Bruno", "Clara", "David", "Elena", "Felix", "Grace", "Hugo",
    "Ida",  "Jonas", "Karin", "Louis", "Maria", "Nils",  "Olga",  "Pavel"};
constexpr std::array<std::string_view, 24> kLastNames = {
    "Andersen", "Becker", "Costa",   "Dubois",    "Eriksson", "Fischer", "Garcia",   "Hansen",
    "Ivanov",   "Jensen", "Keller",  "Lindqvist", "Moreau",   "Nowak",   "Oliveira", "Petrov",
    "Quinn",    "Rossi",  "Schmidt", "Tanaka",    "Urban",    "Vasquez", "Weber",    "Zhang"};
constexpr std::array<std::string_view, 6> kStatuses = {"pending",   "shipped",   "returned",
                                                       "cancelled", "delivered", "backordered"};
constexpr std::array<std::string_view, 6> kHosts = {"mail.com",     "post.org",   "example.net",
                                                    "corp.example", "inbox.info", "web.example"};
constexpr std::array<std::string_view, 32> kWords = {
    "please", "leave",   "at",      "the",    "door",   "call",     "before", "delivery",
    "gift",   "wrap",    "fragile", "second", "floor",  "ring",     "twice",  "signature",
    "needed", "invoice", "to",      "office", "repeat", "order",    "size",   "exchange",
    "blue",   "green",   "large",   "small",  "urgent", "customer", "pickup", "weekend"};

template <std::size_t size>
std::string_view One(const std::array<std::string_view, size>& of, Random& random) {
  return of[random.Below(size)];
}

void AppendDigits(std::uint64_t number, int digits, std::string& text) {
  std::uint64_t unit = 1;
  for (int i = 1; i < digits; ++i) unit *= 10;
  for (; unit > 0; unit /= 10) text.push_back(static_cast<char>('0' + number / unit % 10));
}

void AppendLetter(Random& random, std::string& text) {
  text.push_back(static_cast<char>('A' + random.Below(26)));
}

constexpr std::size_t kLongestText = 32;
constexpr std::size_t kShortestText = 6;

}  // namespace

void MakeOrder(std::int64_t id, Random& random, Order& order) {
  order.id = id;
  order.customer = static_cast<std::int64_t>(random.Below(400'000));
  order.quantity = static_cast<std::int64_t>(1 + random.Below(20));
  order.amount = static_cast<double>(random.Below(1'000'000)) / 100;
  order.weight = static_cast<double>(random.Below(30'000)) / 7;
  order.status = One(kStatuses, random);
  const std::string_view first = One(kFirstNames, random);
  const std::string_view last = One(kLastNames, random);
  order.name = first;
  order.name.append(" ").append(last);
  order.email = first;
  order.email.append(".").append(last.substr(0, 6));
  AppendDigits(random.Below(1000), 3, order.email);
  order.email.append("@").append(One(kHosts, random));
  order.product.clear();
  AppendLetter(random, order.product);
  AppendLetter(random, order.product);
  order.product.push_back('-');
  AppendDigits(random.Below(100'000), 5, order.product);
  order.product.push_back('-');
  AppendLetter(random, order.product);
  order.note.clear();
  const std::size_t wanted = kShortestText + random.Below(kLongestText - kShortestText);
  while (order.note.size() < wanted) {
    if (!order.note.empty()) order.note.push_back(' ');
    order.note.append(One(kWords, random));
  }
  if (order.note.size() > kLongestText) order.note.resize(kLongestText);
}

std::string Words(std::size_t bytes, Random& random) {
  std::string text;
  text.reserve(bytes + kLongestText);
  while (text.size() < bytes) {
    text.append(One(kWords, random));
    text.push_back(' ');
  }
  text.resize(bytes);
  return text;
}

}  // namespace tributary::bench
