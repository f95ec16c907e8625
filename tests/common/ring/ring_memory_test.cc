// The ring's memory: who may attach it, what a worker cannot do to it, and when it is freed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "supervisor/pool/ring_consumer.h"
#include "worker/encoder/ring_producer.h"

namespace tributary {
namespace {

constexpr std::size_t kBytes = 64 * 1024;

FileDescriptor Copy(int fd) { return FileDescriptor(::dup(fd)); }

std::size_t SharedMemoryFiles() {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    files += entry.path().filename().string().find("tributary") != std::string::npos;
  }
  return files;
}

TEST(RingMemoryTest, BothEndsSeeTheSameBytesAndTheDataTwiceInARow) {
  auto one = RingMemory::Create(kBytes);
  ASSERT_TRUE(one.ok()) << one.status();
  auto other = RingMemory::Attach(Copy(one->fd()), kBytes);
  ASSERT_TRUE(other.ok()) << other.status();
  *one->data(kBytes - 1) = 'x';
  *one->data(0) = 'y';
  EXPECT_EQ(other->data(kBytes - 1)[0], 'x');
  EXPECT_EQ(other->data(kBytes - 1)[1], 'y');
  other->data(3 * kBytes - 1)[1] = 'z';
  EXPECT_EQ(*one->data(0), 'z');
  EXPECT_EQ(SharedMemoryFiles(), 0u);
}

TEST(RingMemoryTest, SizesThatCannotBeARingAreRefused) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{2048}, std::size_t{12288}}) {
    EXPECT_EQ(RingMemory::Create(bytes).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

// If memory is not reserved, a page that is touched later may not be available, which raises
// SIGBUS.
TEST(RingMemoryTest, AllOfItsMemoryIsReservedWhenItIsMade) {
  constexpr std::size_t kBlockBytes = 512;
  const auto ring = RingMemory::Create(kBytes);
  ASSERT_TRUE(ring.ok());
  struct stat status {};
  ASSERT_EQ(::fstat(ring->fd(), &status), 0);
  EXPECT_GT(static_cast<std::size_t>(status.st_size), kBytes);
  EXPECT_GE(static_cast<std::size_t>(status.st_blocks) * kBlockBytes,
            static_cast<std::size_t>(status.st_size));
}

TEST(RingMemoryTest, AWorkerCannotShrinkOrGrowIt) {
  const auto ring = RingMemory::Create(kBytes);
  ASSERT_TRUE(ring.ok());
  EXPECT_NE(::ftruncate(ring->fd(), 4096), 0);
  EXPECT_NE(::ftruncate(ring->fd(), 10 * kBytes), 0);
  EXPECT_NE(::fcntl(ring->fd(), F_ADD_SEALS, F_SEAL_WRITE), 0);
}

TEST(RingMemoryTest, ADescriptorThatIsNoSealedRingOfThisSizeIsRefused) {
  const auto ring = RingMemory::Create(kBytes);
  ASSERT_TRUE(ring.ok());
  EXPECT_FALSE(RingMemory::Attach(Copy(ring->fd()), 2 * kBytes).ok());
  EXPECT_FALSE(RingMemory::Attach(FileDescriptor(), kBytes).ok());

  FileDescriptor unsealed(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(unsealed.get(), 4096 + kBytes), 0);
  EXPECT_FALSE(RingMemory::Attach(std::move(unsealed), kBytes).ok());

  std::string path = "/tmp/ring_memory_testXXXXXX";
  FileDescriptor file(::mkstemp(path.data()));
  ASSERT_TRUE(file.valid());
  ::unlink(path.c_str());
  ASSERT_EQ(::ftruncate(file.get(), 4096 + kBytes), 0);
  EXPECT_FALSE(RingMemory::Attach(std::move(file), kBytes).ok()) << "a file can be cut short";
}

// Ends the process, with 0 if the error says that the ring cannot be made and why.
[[noreturn]] void ExpectNoRing(const std::string& why) {
  const absl::Status status = RingMemory::Create(kBytes).status();
  const bool told =
      absl::IsResourceExhausted(status) && status.message().find(why) != std::string_view::npos;
  if (!told) std::cerr << status << std::endl;
  std::_Exit(told ? 0 : 1);
}

[[noreturn]] void MakeRingWithin(int resource, rlim_t limit) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit both{.rlim_cur = limit, .rlim_max = limit};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &both);
  ExpectNoRing("make ring: ");
}

// As if the kernel had no page for a file whose size it has granted. Really using up the memory
// could kill the test, so a filter of system calls returns the error.
[[noreturn]] void MakeRingWithoutPages() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fallocate, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = std::size(program), .filter = program};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) std::_Exit(2);
  ExpectNoRing("cannot reserve 69632 bytes of shared memory: No space left on device");
}

TEST(RingMemoryDeathTest, MemoryThatCannotBeHadIsAnErrorWhenTheRingIsMade) {
  EXPECT_EXIT(MakeRingWithin(RLIMIT_FSIZE, kBytes), ::testing::ExitedWithCode(0), "");
}

TEST(RingMemoryDeathTest, PagesThatCannotBeHadAreAnErrorWhenTheRingIsMade) {
  EXPECT_EXIT(MakeRingWithoutPages(), ::testing::ExitedWithCode(0), "");
}

TEST(RingMemoryDeathTest, DescriptorsThatCannotBeHadAreAnErrorToo) {
  EXPECT_EXIT(MakeRingWithin(RLIMIT_NOFILE, 3), ::testing::ExitedWithCode(0), "");
}

TEST(RingMemoryTest, LivesAsLongAsAnythingHoldsAFrame) {
  FileDescriptor data_ready(::eventfd(0, EFD_NONBLOCK));
  Hold hold;
  std::string_view payload;
  {
    auto memory = RingMemory::Create(kBytes);
    ASSERT_TRUE(memory.ok());
    auto other = RingMemory::Attach(Copy(memory->fd()), kBytes);
    ASSERT_TRUE(other.ok());
    auto consumer = std::make_shared<RingConsumer>(*std::move(memory),
                                                   FileDescriptor(::eventfd(0, EFD_NONBLOCK)));
    RingProducer producer(*std::move(other), data_ready.get(), consumer->space_free_fd());
    producer.Send(FrameType::kBatch, 1, "stays", 1);
    auto frame = consumer->Next();
    ASSERT_TRUE(frame.ok() && frame->has_value());
    hold = (*frame)->hold;
    payload = (*frame)->payload;
  }
  EXPECT_EQ(payload, "stays");
  hold.reset();
}

}  // namespace
}  // namespace tributary
