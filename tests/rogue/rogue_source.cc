// A worker that misbehaves when it is told to. Its engine has the name and setup of SQLite and
// reads real databases with it; the rest of the executable is the connector's own code.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/log.h"
#include "supervisor/main.h"
#include "tests/rogue/deeds.h"
#include "worker/encoder/batch_writer.h"
#include "worker/sources/sqlite/setup.h"
#include "worker/sources/sqlite/source.h"

namespace tributary {
namespace {

using rogue::Deed;
using rogue::Moment;
using rogue::Pen;

// How many more times the deed is done: a number in a file that all workers map before the sandbox
// closes, since a file cannot be opened inside it.
class Times {
 public:
  explicit Times(const std::string& file) {
    const FileDescriptor fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    void* const mapped =
        ::mmap(nullptr, sizeof(*left_), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (mapped != MAP_FAILED) left_ = static_cast<std::atomic<std::uint32_t>*>(mapped);
  }
  bool Take() {
    if (left_ == nullptr) return false;
    std::uint32_t left = left_->load();
    while (left > 0 && !left_->compare_exchange_weak(left, left - 1)) {
    }
    return left > 0;
  }

 private:
  std::atomic<std::uint32_t>* left_ = nullptr;
};

bool Refused(long result) { return result < 0 && (errno == EPERM || errno == EACCES); }

// Tries what a worker that was taken over could try.
void TellConfinement() {
  char program[] = "/bin/true";
  char* const arguments[] = {program, nullptr};
  const bool confined = Refused(::open("/etc/passwd", O_RDONLY)) &&
                        Refused(::open("/tmp/rogue", O_RDWR | O_CREAT, 0600)) &&
                        Refused(::socket(AF_INET, SOCK_STREAM, 0)) &&
                        Refused(::execv(program, arguments)) && Refused(::fork()) &&
                        Refused(::kill(::getppid(), 0)) && Refused(::unlink("/etc/passwd"));
  Logger().Info(confined ? rogue::kConfined : "rogue: it is not confined");
}

class RogueSource : public Reader {
 public:
  RogueSource(SourceOptions options, Pulse& pulse)
      : name_(options.configuration[rogue::kDeedKey]),
        deed_(rogue::FindDeed(name_)),
        times_(
            absl::StrCat(options.operator_settings[sqlite::kRootSetting], "/", rogue::kTimesFile)),
        sound_(std::move(options), pulse) {}

  absl::StatusOr<SourceNeeds> Prepare() override {
    if (name_ == rogue::kJams) rogue::Pen::LetBellsBlock();
    return sound_.Prepare();
  }
  absl::Status Test(std::string_view name) override { return sound_.Test(name); }

  absl::StatusOr<Catalog> Describe(const DescribeAssignment& assignment) override {
    auto catalog = sound_.Describe(assignment);
    if (!catalog.ok()) return catalog;
    if (name_ == rogue::kTwin && times_.Take()) {
      *catalog->add_tables() = catalog->tables(0);
    } else if (name_ == rogue::kUnasked && times_.Take()) {
      catalog->set_unchanged(true);
    } else if (name_ == rogue::kOtherAnswer && times_.Take()) {
      Answer page;
      page.mutable_slices()->add_tables();
      pen_.WriteFirst(FrameType::kAnswer, page.SerializeAsString());
      pen_.LiveOn();
    } else if (name_ == rogue::kCatalogOfNothing && times_.Take()) {
      pen_.WriteEmptyAnswers(Answer::kCatalogFieldNumber, Catalog::kTablesFieldNumber,
                             rogue::kManyAnswerBytes);
      pen_.LiveOn();
    }
    return catalog;
  }

  absl::StatusOr<Slices> Cut(const CutAssignment& assignment) override {
    if (name_ == rogue::kCutsOfNothing && times_.Take()) {
      pen_.WriteEmptyAnswers(Answer::kSlicesFieldNumber, Slices::kTablesFieldNumber,
                             rogue::kManyAnswerBytes);
      pen_.LiveOn();
    }
    auto slices = sound_.Cut(assignment);
    if (!slices.ok() || name_ != rogue::kMisfit || !times_.Take()) return slices;
    for (auto& table : *slices->mutable_tables()) {
      table.add_slices()->set_from("7");
      table.add_slices()->set_to("3");
    }
    return slices;
  }

  absl::StatusOr<AssignmentEnd> Read(const ReadAssignment& assignment,
                                     BatchWriter& writer) override {
    const bool told = deed_ != nullptr || name_ == rogue::kFlips || name_ == rogue::kStandsStill ||
                      name_ == rogue::kMute;
    if (!told || assignment.table() != rogue::kVictim || !times_.Take()) {
      return sound_.Read(assignment, writer);
    }
    TellConfinement();
    if (name_ == rogue::kMute) {
      const auto end = sound_.Read(assignment, writer);
      pen_.LiveOn();
    }
    const Moment moment = deed_ == nullptr ? Moment::kAmid : deed_->moment;
    const std::uint64_t from = pen_.head();
    if (moment == Moment::kAmid) pen_.PauseAll();
    if (moment != Moment::kFirst) {
      const auto end = sound_.Read(assignment, writer);
      if (!end.ok()) return end;
    }
    if (name_ == rogue::kFlips) pen_.FlipHeaders(from);
    if (name_ == rogue::kStandsStill) pen_.WriteOf(FrameType::kPart, Pen::Payload());
    if (deed_ != nullptr) deed_->act(pen_);
    pen_.LiveOn();
  }

 private:
  const std::string name_;
  const Deed* const deed_;
  Times times_;
  Pen pen_;
  SqliteSource sound_;
};

std::unique_ptr<Reader> MakeRogueSource(SourceOptions options, Pulse& pulse) {
  return std::make_unique<RogueSource>(std::move(options), pulse);
}

}  // namespace
}  // namespace tributary

int main(int argc, char** argv) {
  return tributary::Main(
      argc, argv, {{.setup = tributary::sqlite::Setup(), .make = &tributary::MakeRogueSource}});
}
