// Damaged, cut and missing files: a replay returns a correct beginning that ends with a checkpoint,
// or it is refused; it never returns wrong bytes.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "supervisor/staging/staging.h"
#include "tests/supervisor/staging/staged_stream.h"

namespace tributary {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLast = 12;

class DamageTest : public ::testing::Test {
 protected:
  DamageTest() {
    stream_.checkpoint_every = 3;
    stream_.batch_bytes = 60;
    StagingOptions options = OptionsFor(staged_.path());
    options.segment_bytes = 900;
    auto store = StagingStore::Open(options).value();
    auto writer = store->Begin(kEpoch, kKey).value();
    EXPECT_TRUE(stream_.Append(*writer, 1, kLast).ok());
    writer.reset();
    store.reset();
    for (const fs::path& file : FilesBelow(staged_.path())) {
      const fs::path name = fs::relative(file, staged_.path());
      if (fs::file_size(file) > 0 && name.parent_path() != kConnection) files_.push_back(name);
    }
    EXPECT_GT(fs::exists(EpochPath(staged_.path()) + "/00000002"), 0);
  }

  static std::string EpochPath(const std::string& root) {
    return root + "/" + kConnection + "/" + kEpoch;
  }

  // Replays a copy that was changed by `change`. Returns the last position.
  template <typename Change>
  Replayed ReplayChanged(const Change& change, std::uint64_t after = 0) {
    TempFolder folder;
    CopyFolder(staged_.path(), folder.path());
    change(folder.path());
    Replayed replayed = ReplayAll(OptionsFor(folder.path()), stream_, after);
    EXPECT_EQ(replayed.difference, "");
    if (replayed.status.ok()) {
      EXPECT_EQ(replayed.last % stream_.checkpoint_every, 0u);
    } else {
      EXPECT_TRUE(absl::IsDataLoss(replayed.status) || absl::IsNotFound(replayed.status))
          << replayed.status;
    }
    return replayed;
  }

  TempFolder staged_;
  StagedStream stream_;
  std::vector<fs::path> files_;
};

TEST_F(DamageTest, EveryDamagedByteLeavesACorrectBeginningOrARefusal) {
  int cases = 0;
  int cut = 0;
  int refused = 0;
  for (const fs::path& file : files_) {
    const std::string whole = ReadWhole(fs::path(staged_.path()) / file);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (at % 3 == 0 ? 0xff : 1 << (at % 8)));
      const Replayed replayed = ReplayChanged(
          [&](const std::string& root) { WriteWhole(fs::path(root) / file, damaged); });
      ++cases;
      cut += replayed.status.ok() && replayed.last < kLast ? 1 : 0;
      refused += replayed.status.ok() ? 0 : 1;
      if (HasFailure()) FAIL() << file << " damaged at " << at;
    }
  }
  RecordProperty("figures", absl::StrCat(cases, " damaged files, ", cut, " replayed in part, ",
                                         refused, " refused"));
  EXPECT_GT(cases, 1000);
  EXPECT_GT(cut, 100);
  EXPECT_GT(refused, 100);
}

TEST_F(DamageTest, EveryTruncationLeavesACorrectBeginningOrARefusal) {
  int cases = 0;
  for (const fs::path& file : files_) {
    const std::string whole = ReadWhole(fs::path(staged_.path()) / file);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      (void)ReplayChanged([&](const std::string& root) {
        WriteWhole(fs::path(root) / file, whole.substr(0, size));
      });
      ++cases;
      if (HasFailure()) FAIL() << file << " cut to " << size;
    }
  }
  EXPECT_GT(cases, 1000);
}

TEST_F(DamageTest, EveryMissingFileLeavesACorrectBeginningOrARefusal) {
  for (const fs::path& file : files_) {
    (void)ReplayChanged([&](const std::string& root) { fs::remove(fs::path(root) / file); });
    EXPECT_FALSE(HasFailure()) << file;
  }
}

TEST_F(DamageTest, TornTailIsDroppedAndTheRestIsReplayed) {
  fs::path log;
  for (const fs::path& file : files_) {
    if (file.extension() == ".log") log = file;
  }
  const std::string whole = ReadWhole(fs::path(staged_.path()) / log);
  const Replayed replayed = ReplayChanged([&](const std::string& root) {
    WriteWhole(fs::path(root) / log, whole.substr(0, whole.size() - 1));
  });
  ASSERT_TRUE(replayed.status.ok()) << replayed.status;
  EXPECT_EQ(replayed.last, kLast - stream_.checkpoint_every);
  // After the checkpoint before the damage nothing is left: not an error.
  EXPECT_EQ(ReplayChanged(
                [&](const std::string& root) {
                  WriteWhole(fs::path(root) / log, whole.substr(0, whole.size() - 1));
                },
                kLast - stream_.checkpoint_every)
                .status.code(),
            absl::StatusCode::kNotFound);
}

TEST_F(DamageTest, GarbageBehindTheEndIsDropped) {
  const Replayed replayed = ReplayChanged([&](const std::string& root) {
    for (const fs::path& file : files_) {
      const fs::path path = fs::path(root) / file;
      if (file.extension() == ".log") WriteWhole(path, ReadWhole(path) + std::string(5000, 'g'));
    }
  });
  ASSERT_TRUE(replayed.status.ok()) << replayed.status;
  EXPECT_EQ(replayed.last, kLast);
}

TEST_F(DamageTest, MissingSegmentInTheMiddleCutsThere) {
  const Replayed replayed = ReplayChanged(
      [&](const std::string& root) { fs::remove_all(EpochPath(root) + "/00000002"); });
  ASSERT_TRUE(replayed.status.ok()) << replayed.status;
  EXPECT_LT(replayed.last, kLast);
}

TEST_F(DamageTest, SegmentsThatChangedPlacesAreRecognised) {
  const Replayed replayed = ReplayChanged([&](const std::string& root) {
    const std::string epoch = EpochPath(root);
    fs::rename(epoch + "/00000001", epoch + "/x");
    fs::rename(epoch + "/00000002", epoch + "/00000001");
    fs::rename(epoch + "/x", epoch + "/00000002");
  });
  EXPECT_EQ(replayed.status.code(), absl::StatusCode::kDataLoss);
}

TEST_F(DamageTest, SegmentOfAnotherEpochIsRecognised) {
  TempFolder folder;
  CopyFolder(staged_.path(), folder.path());
  fs::rename(EpochPath(folder.path()), folder.path() + "/" + kConnection + "/" + kOtherEpoch);
  EXPECT_EQ(ReplayAll(OptionsFor(folder.path()), stream_, 0, kKey, kOtherEpoch).status.code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(DamageTest, SegmentWhoseMakingWasCutShortIsNoDamage) {
  for (const char* what : {"empty folder", "no CURRENT", "no header"}) {
    const Replayed replayed = ReplayChanged([&](const std::string& root) {
      const fs::path segment = EpochPath(root) + "/00000099";
      fs::create_directories(segment);
      if (what == std::string("empty folder")) return;
      const fs::path whole = EpochPath(root) + "/00000001";
      for (const fs::directory_entry& file : fs::directory_iterator(whole)) {
        if (file.path().filename() == "CURRENT" && what == std::string("no CURRENT")) continue;
        WriteWhole(segment / file.path().filename(),
                   file.path().extension() == ".log" ? "" : ReadWhole(file.path()));
      }
    });
    ASSERT_TRUE(replayed.status.ok()) << what << ": " << replayed.status;
    EXPECT_EQ(replayed.last, kLast);
  }
}

}  // namespace
}  // namespace tributary
