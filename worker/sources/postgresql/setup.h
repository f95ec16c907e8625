// The engine "postgresql" as both roles know it.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SETUP_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SETUP_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "worker/sources/setup.h"

namespace tributary::postgresql {

inline constexpr char kEngine[] = "postgresql";

// Keys of the configuration.
inline constexpr char kHostKey[] = "host";
inline constexpr char kPortKey[] = "port";
inline constexpr char kDatabaseKey[] = "database";
inline constexpr char kUserKey[] = "user";
inline constexpr char kPasswordKey[] = "password";
inline constexpr char kSslModeKey[] = "sslmode";
inline constexpr char kRootCertificateKey[] = "sslrootcert";
inline constexpr char kCertificateKey[] = "sslcert";
inline constexpr char kPrivateKeyKey[] = "sslkey";
inline constexpr char kUpdateMethodKey[] = "update_method";
inline constexpr char kPublicationKey[] = "publication";
inline constexpr char kSlotKey[] = "replication_slot";
inline constexpr char kMaxConnectionsKey[] = "max_connections";
// Values of update_method.
inline constexpr char kLogicalReplication[] = "logical_replication";
inline constexpr char kCompare[] = "compare";
// Those that follow the log: one has it sent, one asks.
inline constexpr std::uint32_t kLogConnections = 2;

// Values of sslmode, as libpq has them.
inline constexpr char kDisable[] = "disable";
inline constexpr char kRequire[] = "require";
inline constexpr char kVerifyCa[] = "verify-ca";
inline constexpr char kVerifyFull[] = "verify-full";

// The operator's setting: whether a host may have a link-local address or one of a cloud's
// metadata service, which answer whoever asks from this machine.
inline constexpr char kLinkLocalSetting[] = "postgresql-link-local";
inline constexpr char kRefuse[] = "refuse";
inline constexpr char kAllow[] = "allow";
// Whether such addresses are allowed; an empty setting refuses them. FAILED_PRECONDITION: the
// setting is neither of the two.
absl::StatusOr<bool> AllowsLinkLocal(const std::string& setting);

// The operator's setting: how much of its log a server may hold back for a connection, in GiB,
// before a sync ends for it.
inline constexpr char kRetainedSetting[] = "max-retained-wal";
inline constexpr char kRetainedGiB[] = "16";
// In bytes; of an empty setting, the default. FAILED_PRECONDITION: it is not a number of GiB.
absl::StatusOr<std::uint64_t> RetainedBytes(const std::string& setting);

// The setup test of following the log.
inline constexpr char kFollowTest[] = "follow";

EngineSetup Setup();

// How to log in.
struct Login {
  std::string host = {};
  std::uint16_t port = 0;
  std::string database = {};
  std::string user = {};
  // Empty: none is sent.
  std::string password = {};
  std::string sslmode = {};
  // PEM; empty where there is none.
  std::string root_certificate = {};
  std::string certificate = {};
  std::string private_key = {};
};

struct Settings {
  Login login = {};
  std::string publication = {};
  // Empty: derived from the connection.
  std::string slot = {};
  // Of update_method: the log is followed; else tables are compared, and the two above are unused.
  bool follows = true;
  // 0: as many as there are workers, and where the log is followed two.
  std::uint32_t max_connections = 0;
};

// What the configuration says. FAILED_PRECONDITION, with a text for the user that holds no
// value, where one is missing or cannot be right.
absl::StatusOr<Settings> ReadSettings(const Configuration& configuration);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SETUP_H_
