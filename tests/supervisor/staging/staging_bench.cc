// The cost of staging: CPU-seconds for a gigabyte of stream, in total and for each step.
//
//   staging_bench FOLDER [GIGABYTES] [keep]
//
// keep: the allocator keeps the memory of a closed segment for the next segment. FOLDER must be on
// the disk that is to be measured; what is written there is removed at the end.
#include <lz4.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "common/limits.h"
#include "supervisor/staging/block.h"
#include "supervisor/staging/segment.h"
#include "supervisor/staging/staging.h"

namespace tributary {
namespace {

constexpr double kGigabyte = 1e9;
constexpr int kRows = 100;
constexpr int kColumns = 10;
constexpr std::size_t kBatches = 512;
const std::string kKey(32, 'k');

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void AppendVarint(std::uint64_t value, std::string* to) {
  for (; value >= 0x80; value >>= 7) to->push_back(static_cast<char>(value | 0x80));
  to->push_back(static_cast<char>(value));
}

void AppendBytes(int field, const std::string& bytes, std::string* to) {
  to->push_back(static_cast<char>(field << 3 | 2));
  AppendVarint(bytes.size(), to);
  *to += bytes;
}

// The wire bytes of a ValueType of the kinds that tables usually have: keys, numbers, times and
// flags; `texts` of the columns are random letters.
std::string Value(int column, int texts, std::uint64_t row, std::mt19937_64& random) {
  std::string value;
  if (column < texts) {
    std::string text(6 + random() % 27, ' ');
    for (char& letter : text) letter = static_cast<char>('a' + random() % 26);
    AppendBytes(13, text, &value);
  } else if (column == kColumns - 1) {
    value.push_back(5 << 3);
    AppendVarint(row, &value);
  } else if (column % 3 == 0) {
    std::string time(1, 1 << 3);
    AppendVarint(1700000000 + row * 7 + random() % 7, &time);
    AppendBytes(10, time, &value);
  } else if (column % 3 == 1) {
    AppendBytes(11, std::to_string(random() % 100000) + ".25", &value);
  } else {
    value.push_back(5 << 3);
    AppendVarint(random() % 1000, &value);
  }
  return value;
}

std::string Batch(int texts, std::uint64_t first_row, std::mt19937_64& random) {
  static const char* const kNames[kColumns] = {"name",  "street", "city",    "note",   "email",
                                               "phone", "state",  "created", "amount", "id"};
  std::string records;
  for (int row = 0; row < kRows; ++row) {
    std::string record;
    AppendBytes(1, "main", &record);
    AppendBytes(2, "customers", &record);
    for (int column = 0; column < kColumns; ++column) {
      std::string entry;
      AppendBytes(1, kNames[column], &entry);
      AppendBytes(2, Value(column, texts, first_row + static_cast<std::uint64_t>(row), random),
                  &entry);
      AppendBytes(4, entry, &record);
    }
    AppendBytes(1, record, &records);
  }
  std::string response;
  AppendBytes(6, records, &response);
  return response;
}

std::vector<std::string> Batches(int texts) {
  std::mt19937_64 random(1);
  std::vector<std::string> batches;
  for (std::size_t i = 0; i < kBatches; ++i) batches.push_back(Batch(texts, i * kRows, random));
  return batches;
}

struct Whole {
  double wire = 0, disk = 0, cpu = 0, wall = 0, slowest = 0, replay_open = 0, replay = 0;
};

Whole MeasureWhole(const std::string& root, const std::vector<std::string>& batches,
                   double gigabytes) {
  Whole whole;
  StagingOptions options;
  options.root = root;
  options.connection = "00000000000000000000000000000000";
  options.limit_bytes = std::uint64_t{1} << 40;
  auto store = StagingStore::Open(options).value();
  auto writer = store->Begin("00000000000000aa", kKey).value();
  const double cpu = CpuSeconds();
  const double wall = WallSeconds();
  std::uint64_t position = 0;
  while (static_cast<double>(writer->wire_bytes()) < gigabytes * kGigabyte) {
    const double before = WallSeconds();
    ++position;
    const bool checkpoint = position % 4000 == 0;
    absl::Status status =
        writer->Append({position, checkpoint ? ItemKind::kCheckpoint : ItemKind::kBatch,
                        batches[position % batches.size()]});
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.ToString().c_str());
      std::exit(1);
    }
    whole.slowest = std::max(whole.slowest, WallSeconds() - before);
  }
  (void)writer->Append({++position, ItemKind::kCheckpoint, "the end"});
  whole.cpu = CpuSeconds() - cpu;
  whole.wall = WallSeconds() - wall;
  whole.wire = static_cast<double>(writer->wire_bytes());
  whole.disk = static_cast<double>(writer->bytes_on_disk());
  writer.reset();
  store.reset();
  store = StagingStore::Open(options).value();
  double start = WallSeconds();
  auto replay = store->OpenReplay("00000000000000aa", kKey, 0).value();
  whole.replay_open = WallSeconds() - start;
  start = WallSeconds();
  while (replay->Next().value().has_value()) {
  }
  whole.replay = WallSeconds() - start;
  replay.reset();
  if (!store->KeepOnly({}).ok()) std::exit(1);
  return whole;
}

// Measures each step separately, in CPU-seconds for a gigabyte of wire bytes.
void MeasureStages(const std::string& root, const std::vector<std::string>& batches) {
  std::vector<std::string> blocks;
  double wire = 0;
  double cpu = CpuSeconds();
  BlockGatherer gatherer;
  std::uint64_t position = 0;
  double copying = 0;
  for (const std::string& batch : batches) {
    const StagedItem item{++position, ItemKind::kBatch, batch};
    if (!gatherer.Takes(item)) {
      copying += CpuSeconds() - cpu;
      blocks.emplace_back(gatherer.raw());
      gatherer.Clear();
      cpu = CpuSeconds();
    }
    gatherer.Add(item);
    wire += static_cast<double>(batch.size());
  }
  copying += CpuSeconds() - cpu;
  const double gigabytes = wire / kGigabyte;

  std::vector<char> state(static_cast<std::size_t>(LZ4_sizeofState()));
  std::vector<char> compressed(limits::kStagingBlockBytes * 2);
  for (int acceleration : {1, 2, 4, 8}) {
    cpu = CpuSeconds();
    double stored = 0;
    for (int i = 0; i < 10; ++i) {
      for (const std::string& block : blocks) {
        stored += LZ4_compress_fast_extState(state.data(), block.data(), compressed.data(),
                                             static_cast<int>(block.size()),
                                             static_cast<int>(compressed.size()), acceleration);
      }
    }
    std::printf("  LZ4 acceleration %d: %.2f CPU-s/GB, ratio %.2f\n", acceleration,
                (CpuSeconds() - cpu) / gigabytes / 10, wire * 10 / stored);
  }

  auto cipher = SegmentCipher::Derive(kKey, std::string(32, 's'), 1, 1).value();
  cpu = CpuSeconds();
  position = 0;
  std::vector<char> sealed(limits::kStagingBlockBytes * 2);
  double encrypted = 0;
  for (int i = 0; i < 10; ++i) {
    for (const std::string& block : blocks) {
      (void)cipher->Seal({++position, 0}, "", block.data(), block.size(), sealed.data());
      encrypted += static_cast<double>(block.size());
    }
  }
  const double encrypting = (CpuSeconds() - cpu) / encrypted * kGigabyte;

  PrivateEnv env(leveldb::Env::Default());
  const std::string path = root + "/segments";
  (void)env.CreateDir(path);
  cpu = CpuSeconds();
  double put = 0;
  double making = 0;
  double slowest_making = 0;
  position = 0;
  std::uint64_t number = 0;
  for (; number < 8;) {
    double start = WallSeconds();
    auto segment = Segment::Create(&env, path, 1, ++number, {position + 1, 0}, kKey).value();
    making += WallSeconds() - start;
    slowest_making = std::max(slowest_making, WallSeconds() - start);
    while (segment->bytes_written() < limits::kStagingSegmentBytes - 2 * limits::kMiB) {
      (void)segment->Put({++position, 0}, std::string_view(sealed.data(), 100 * limits::kKiB));
      put += 100 * limits::kKiB;
    }
  }
  const double putting = (CpuSeconds() - cpu) / put * kGigabyte;
  double start = WallSeconds();
  for (std::uint64_t each = 1; each <= number; ++each) {
    (void)Segment::Open(&env, path, 1, each, kKey).value();
  }
  std::printf(
      "  CPU-s/GB handled: copy %.2f of the wire, encrypt %.2f and LevelDB %.2f of what is stored\n"
      "  segment: made in %.1f ms (slowest %.1f), opened in %.0f ms\n",
      copying / gigabytes, encrypting, putting, making * 1e3 / static_cast<double>(number),
      slowest_making * 1e3, (WallSeconds() - start) * 1e3 / static_cast<double>(number));
  (void)RemoveFolder(env, path);
}

int Run(const std::string& root, double gigabytes) {
  for (int texts : {0, 2, 4, 9}) {
    const std::vector<std::string> batches = Batches(texts);
    std::printf("%d of %d columns random letters, batches of %zu KB\n", texts, kColumns,
                batches[0].size() / 1000);
    MeasureStages(root, batches);
    const Whole whole = MeasureWhole(root, batches, gigabytes);
    std::printf(
        "  all in: %.2f CPU-s/GB, %.0f MB/s, slowest append %.1f ms, disk/wire %.3f\n"
        "  replay: opened at %.0f MB/s, read at %.0f MB/s of wire\n",
        whole.cpu / whole.wire * kGigabyte, whole.wire / whole.wall / 1e6, whole.slowest * 1e3,
        whole.disk / whole.wire, whole.wire / whole.replay_open / 1e6,
        whole.wire / whole.replay / 1e6);
  }
  return 0;
}

}  // namespace
}  // namespace tributary

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: staging_bench FOLDER [GIGABYTES] [keep]\n");
    return 2;
  }
  if (argc > 3) {
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 128 << 20);
  }
  return tributary::Run(argv[1], argc > 2 ? std::atof(argv[2]) : 1.0);
}
