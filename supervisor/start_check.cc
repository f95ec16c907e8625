#include "supervisor/start_check.h"

#include <sys/resource.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdint>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/ring/ring.h"
#include "supervisor/listener.h"
#include "supervisor/machine_memory.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/settings_check.h"
#include "supervisor/status/board.h"
#include "supervisor/sync/staging_key.h"
#include "supervisor/tls_files.h"
#include "supervisor/web/pages.h"
#include "supervisor/web/token.h"
#include "supervisor/web/web_server.h"

namespace tributary {
namespace {

constexpr std::uint64_t kGiB = 1024 * limits::kMiB;

std::string InMiB(std::uint64_t bytes) { return absl::StrCat(bytes / limits::kMiB, " MiB"); }
std::string InGiB(std::uint64_t bytes) {
  return absl::StrFormat("%.1f GiB", static_cast<double>(bytes) / kGiB);
}

class Findings {
 public:
  void Add(Grade grade, std::string subject, std::string text) {
    all_.push_back({grade, std::move(subject), std::move(text)});
  }
  // A problem where `status` is an error.
  void Add(const std::string& subject, const absl::Status& status, std::string if_ok) {
    if (status.ok()) Add(Grade::kOk, subject, std::move(if_ok));
    if (!status.ok()) Add(Grade::kProblem, subject, std::string(status.message()));
  }
  std::vector<Finding> Take() { return std::move(all_); }

 private:
  std::vector<Finding> all_;
};

void CheckEngineSettings(const Settings& settings, const std::vector<EngineSetup>& setups,
                         Findings& findings) {
  for (const EngineSetup& setup : setups) {
    for (const OperatorSetting& setting : setup.operator_settings) {
      findings.Add(absl::StrCat("--", setting.name), CheckEngineSetting(setting, settings),
                   settings.for_engines.at(setting.name));
    }
  }
}

void CheckFiles(const Settings& settings, Findings& findings) {
  const absl::Status staging = CheckStagingDir(settings);
  struct statvfs disk {};
  if (!staging.ok() || ::statvfs(settings.staging_dir.c_str(), &disk) != 0) {
    findings.Add("--staging-dir", staging, settings.staging_dir);
  } else {
    const std::uint64_t free = disk.f_bavail * disk.f_frsize;
    const bool enough = free >= settings.staging_limit_bytes;
    findings.Add(enough ? Grade::kOk : Grade::kWarning, "--staging-dir",
                 absl::StrCat(settings.staging_dir, ", ", InGiB(free),
                              " free, of which each "
                              "connection may take ",
                              InGiB(settings.staging_limit_bytes),
                              enough ? ""
                                     : "; if the disk is full, syncs go on without staging: "
                                       "give it a larger disk, or lower --staging-limit"));
  }
  if (!settings.staging_key_file.empty()) {
    findings.Add("--staging-key-file", ReadStagingKeyFile(settings.staging_key_file).status(),
                 settings.staging_key_file);
  }
}

void CheckCertificates(const Settings& settings, Findings& findings) {
  if (settings.tls_cert.empty()) {
    findings.Add(Grade::kWarning, "--tls-cert",
                 "none, so rows and credentials cross the network unencrypted; give --tls-cert, "
                 "--tls-key and --tls-client-ca, unless the network does it");
    return;
  }
  // Its WARNINGs about dates go to the log.
  const auto files = ReadTlsFiles(settings, Logger());
  findings.Add("--tls-cert", files.status(), settings.tls_cert + " matches its key");
  if (!files.ok()) return;
  const absl::Status dates = CheckTlsDates(*files);
  findings.Add("certificate dates", dates, "valid today");
  if (settings.tls_client_ca.empty()) {
    findings.Add(Grade::kWarning, "--tls-client-ca",
                 "none, so any client may ask; give the CA of Fivetran's client certificates, "
                 "unless the network lets no one else in");
  }
}

void CheckAddresses(const Settings& settings, Findings& findings) {
  findings.Add("--port",
               Listener::Listen(settings.port, settings.client_timeout, Logger()).status(),
               absl::StrCat(settings.port, " is free"));
  if (settings.metrics_address.empty()) {
    findings.Add(Grade::kWarning, "--metrics-address",
                 "none, so there are no metrics; give one that only Prometheus can reach");
    return;
  }
  Metrics metrics;
  const StatusBoard board(metrics);
  const Pages pages(board, "", ProgramVersion());
  findings.Add("--metrics-address", WebServer::Start(settings.metrics_address, pages).status(),
               settings.metrics_address + " can be listened on");
  if (settings.web_token_file.empty()) return;
  findings.Add("--web-token-file", ReadWebTokenFile(settings.web_token_file).status(),
               "holds a token");
}

void CheckMemory(const Settings& settings, Findings& findings) {
  const std::uint64_t of_sync = MemoryOfSync(settings.workers);
  const std::uint64_t one = kSupervisorMemoryBytes + of_sync;
  const std::uint64_t all = kSupervisorMemoryBytes + settings.max_syncs * of_sync;
  const MemoryLimit limit = MemoryOfThisProcess();
  const std::string found =
      absl::StrCat(InMiB(limit.bytes), " (", limit.source, "); ", settings.max_syncs, " syncs of ",
                   settings.workers, " workers take ", InMiB(all));
  if (limit.bytes >= all) {
    findings.Add(Grade::kOk, "memory", found);
    return;
  }
  const bool any = limit.bytes >= one;
  findings.Add(any ? Grade::kWarning : Grade::kProblem, "memory",
               absl::StrCat(found, any ? "" : ", and a single sync cannot run",
                            "; give it that much, or lower --max-syncs or --workers"));
}

void CheckKernel(const Settings& settings, const absl::StatusOr<int>& landlock_abi,
                 Findings& findings) {
  findings.Add("shared memory", RingMemory::Create(limits::kRingBytes).status(),
               absl::StrCat("a ring of ", InMiB(limits::kRingBytes), " can be had"));
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const std::uint64_t needed = 100 + 10 * (settings.workers + 1) * settings.max_syncs;
  const bool enough = files.rlim_max >= needed && files.rlim_max >= limits::kWorkerOpenFiles;
  findings.Add(enough ? Grade::kOk : Grade::kProblem, "open files",
               absl::StrCat(files.rlim_max, " may be open, ",
                            std::max<std::uint64_t>(needed, limits::kWorkerOpenFiles),
                            " are needed", enough ? "" : "; raise the hard limit (ulimit -Hn)"));
  findings.Add("seccomp", landlock_abi.status(), "workers can be confined");
  if (!landlock_abi.ok()) return;
  if (*landlock_abi > 0) {
    findings.Add(Grade::kOk, "Landlock", absl::StrCat("version ", *landlock_abi));
  } else {
    findings.Add(Grade::kWarning, "Landlock",
                 "none, so workers are confined by seccomp and permissions only; use Linux 5.13 "
                 "or newer with landlock among its security modules (lsm=)");
  }
}

}  // namespace

std::vector<Finding> CheckStart(const Settings& settings, const std::vector<EngineSetup>& setups,
                                const absl::StatusOr<int>& landlock_abi) {
  Findings findings;
  findings.Add(Grade::kOk, "flags",
               absl::StrCat("understood; ", settings.workers, " workers for each of ",
                            settings.max_syncs, " syncs"));
  CheckEngineSettings(settings, setups, findings);
  CheckFiles(settings, findings);
  CheckCertificates(settings, findings);
  CheckAddresses(settings, findings);
  CheckMemory(settings, findings);
  CheckKernel(settings, landlock_abi, findings);
  return findings.Take();
}

bool PrintFindings(const std::vector<Finding>& findings) {
  bool good = true;
  for (const Finding& finding : findings) {
    const char* const grade = finding.grade == Grade::kOk        ? "ok      "
                              : finding.grade == Grade::kWarning ? "warning "
                                                                 : "problem ";
    std::cout << grade << ' ' << finding.subject << ": " << finding.text << '\n';
    good = good && finding.grade != Grade::kProblem;
  }
  std::cout << (good ? "ready to start" : "not ready: fix each problem above") << std::endl;
  return good;
}

}  // namespace tributary
