#include "worker/sources/postgresql/setup.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tributary::postgresql {
namespace {

using fivetran_sdk::v2::ConfigurationTest;
using fivetran_sdk::v2::FormField;
using fivetran_sdk::v2::TextField;

constexpr std::uint16_t kDefaultPort = 5432;
constexpr char kDefaultPublication[] = "tributary";
// A name that the server takes: NAMEDATALEN less its end.
constexpr std::size_t kMaxNameBytes = 63;
constexpr std::size_t kMaxHostBytes = 253;
constexpr std::size_t kMaxPasswordBytes = 4096;
constexpr int kMaxCertificateBytes = 256 * 1024;
constexpr std::uint32_t kMaxConnections = 1000;

FormField Field(const char* name, const char* label, const char* description, bool required) {
  FormField field;
  field.set_name(name);
  field.set_label(label);
  field.set_description(description);
  field.set_required(required);
  return field;
}

FormField Text(const char* name, const char* label, const char* description,
               const char* default_value = nullptr) {
  FormField field = Field(name, label, description, default_value == nullptr);
  field.set_text_field(TextField::PlainText);
  if (default_value != nullptr && *default_value != '\0') field.set_default_value(default_value);
  return field;
}

FormField Upload(const char* name, const char* label, const char* description) {
  FormField field = Field(name, label, description, false);
  auto& upload = *field.mutable_upload_field();
  for (const char* type : {".pem", ".crt", ".cer", ".key"}) upload.add_allowed_file_type(type);
  upload.set_max_file_size_bytes(kMaxCertificateBytes);
  return field;
}

FormField SslMode() {
  FormField field = Field(kSslModeKey, "Encryption", "What of the server's TLS is required.", true);
  field.set_default_value(kRequire);
  const std::array<std::pair<const char*, const char*>, 4> modes = {
      std::pair{kVerifyFull, "Encrypted; the certificate is checked, and the name in it"},
      std::pair{kVerifyCa, "Encrypted; the certificate is checked, and not the name in it"},
      std::pair{kRequire, "Encrypted; whoever the server is, unless a root certificate is given"},
      std::pair{kDisable, "Not encrypted: within a network that you trust"}};
  for (const auto& [value, description] : modes) {
    auto& mode = *field.mutable_descriptive_dropdown_fields()->add_descriptive_dropdown_field();
    mode.set_value(value);
    mode.set_label(value);
    mode.set_description(description);
  }
  return field;
}

// Shown where `key` has `value`.
FormField ShownWhere(const char* name, const char* key, const char* value,
                     std::vector<FormField> fields) {
  FormField group;
  group.set_name(name);
  group.set_label(name);
  auto& shown = *group.mutable_conditional_fields();
  shown.mutable_condition()->set_condition_field(key);
  shown.mutable_condition()->set_string_value(value);
  shown.mutable_fields()->Assign(fields.begin(), fields.end());
  return group;
}

FormField UpdateMethod() {
  FormField field =
      Field(kUpdateMethodKey, "Updates", "How changes are found after the first sync.", true);
  field.set_default_value(kLogicalReplication);
  const std::array<std::array<const char*, 3>, 2> methods = {
      std::array{
          kLogicalReplication, "Logical replication",
          "Reads the server's log: each change, with little load. Needs wal_level = logical, "
          "a replication slot and the server itself, no standby and no pooler."},
      std::array{kCompare, "Comparison",
                 "Reads all tables in each sync, and sends what has changed since the last one. "
                 "Needs SELECT alone; works on a standby and through a pooler."}};
  for (const auto& [value, label, description] : methods) {
    auto& method = *field.mutable_descriptive_dropdown_fields()->add_descriptive_dropdown_field();
    method.set_value(value);
    method.set_label(label);
    method.set_description(description);
  }
  return field;
}

std::vector<FormField> Fields() {
  FormField password = Text(kPasswordKey, "Password", "Of that user.", "");
  password.set_text_field(TextField::Password);
  std::vector<FormField> fields = {
      Text(
          kHostKey, "Host",
          "The server's name or address; for logical replication the server itself, not a pooler."),
      Text(kPortKey, "Port", "The server's TCP port.", "5432"),
      Text(kDatabaseKey, "Database", "The database to read."),
      Text(kUserKey, "User",
           "A role that may read the tables; for logical replication with REPLICATION."),
      std::move(password),
      SslMode(),
      Upload(kRootCertificateKey, "Root certificate",
             "PEM file of the authority that signed the server's certificate; verify-ca and "
             "verify-full need it."),
      Upload(kCertificateKey, "Client certificate",
             "PEM file, where the server asks clients for one."),
      Upload(kPrivateKeyKey, "Client key", "PEM file of the client certificate's key."),
      UpdateMethod()};
  fields.push_back(
      ShownWhere(kLogicalReplication, kUpdateMethodKey, kLogicalReplication,
                 {Text(kPublicationKey, "Publication", "The publication that has the tables.",
                       kDefaultPublication),
                  Text(kSlotKey, "Replication slot",
                       "Its name; without one it is derived from the connection.", "")}));
  fields.push_back(Text(kMaxConnectionsKey, "Connections",
                        "The most that are opened at a time; without it as many as there are "
                        "workers, and for logical replication two.",
                        ""));
  return fields;
}

ConfigurationTest Test(const char* name, const char* label) {
  ConfigurationTest test;
  test.set_name(name);
  test.set_label(label);
  return test;
}

// A text that has to be there.
absl::StatusOr<std::string> Needed(const Configuration& configuration, const char* key,
                                   std::size_t most, const char* cure) {
  const std::string_view value = ValueOf(configuration, key);
  if (value.empty()) return UnusableValue(key, absl::StrCat("is missing; ", cure));
  if (value.size() > most || value.find('\0') != std::string_view::npos) {
    return UnusableValue(
        key, absl::StrCat("is longer than ", most, " bytes or holds a NUL character; ", cure));
  }
  return std::string(value);
}

// A certificate or key as it was uploaded: base64 of PEM, or the PEM itself.
absl::StatusOr<std::string> Pem(const Configuration& configuration, const char* key) {
  const std::string_view value = ValueOf(configuration, key);
  if (value.empty()) return std::string();
  constexpr char kBegin[] = "-----BEGIN ";
  std::string pem;
  if (absl::StrContains(absl::string_view(value.data(), value.size()), kBegin)) {
    pem = value;
  } else if (!absl::Base64Unescape(absl::string_view(value.data(), value.size()), &pem)) {
    return UnusableValue(key, "is no base64 text; upload the file again");
  }
  if (!absl::StrContains(pem, kBegin)) {
    return UnusableValue(key, "is no PEM file (-----BEGIN …); convert it and upload it again");
  }
  return pem;
}

absl::StatusOr<std::uint32_t> Number(const Configuration& configuration, const char* key,
                                     std::uint32_t default_value, std::uint32_t most) {
  const std::string_view value = ValueOf(configuration, key);
  std::uint32_t number = default_value;
  if (value.empty()) return number;
  if (!absl::SimpleAtoi(absl::string_view(value.data(), value.size()), &number) || number == 0 ||
      number > most) {
    return UnusableValue(key, absl::StrCat("is no number from 1 to ", most, "; correct it"));
  }
  return number;
}

absl::Status ReadCertificates(const Configuration& configuration, Login& login) {
  login.sslmode = ValueOf(configuration, kSslModeKey);
  if (login.sslmode.empty()) login.sslmode = kRequire;
  const auto modes = {kDisable, kRequire, kVerifyCa, kVerifyFull};
  if (std::find(modes.begin(), modes.end(), login.sslmode) == modes.end()) {
    return UnusableValue(kSslModeKey,
                         "is no mode that is known; choose one of: disable, require, "
                         "verify-ca, verify-full");
  }
  // Files of another mode may have stayed in the form.
  if (login.sslmode == kDisable) return absl::OkStatus();
  for (const auto& [key, into] : {std::pair(kRootCertificateKey, &login.root_certificate),
                                  std::pair(kCertificateKey, &login.certificate),
                                  std::pair(kPrivateKeyKey, &login.private_key)}) {
    auto pem = Pem(configuration, key);
    if (!pem.ok()) return pem.status();
    *into = *std::move(pem);
  }
  if (login.sslmode != kRequire && login.root_certificate.empty()) {
    return UnusableValue(kRootCertificateKey,
                         "is missing, and the server's certificate cannot be checked without it; "
                         "upload the authority's certificate, or set sslmode to require");
  }
  if (login.certificate.empty() != login.private_key.empty()) {
    return UnusableValue(login.certificate.empty() ? kCertificateKey : kPrivateKeyKey,
                         "is missing; a client certificate and its key go together");
  }
  return absl::OkStatus();
}

absl::StatusOr<DatabaseIdentity> Identify(const Configuration& configuration) {
  const auto settings = ReadSettings(configuration);
  if (!settings.ok()) return settings.status();
  const Login& login = settings->login;
  DatabaseIdentity identity{.parts = {login.host, absl::StrCat(login.port), login.database},
                            .name = login.database};
  // Two connections to one database are told apart by their slots.
  if (settings->follows && !settings->slot.empty()) identity.parts.push_back(settings->slot);
  if (settings->max_connections > 0) {
    identity.most_workers = settings->max_connections - (settings->follows ? kLogConnections : 0);
  }
  return identity;
}

}  // namespace

EngineSetup Setup() {
  return {.name = kEngine,
          .label = "PostgreSQL",
          .description = "A PostgreSQL server, version 14 or newer.",
          .fields = Fields(),
          .tests = {Test(kConnectTest, "Opening the database"),
                    Test(kReadTest, "Listing and reading its tables"),
                    Test(kFollowTest, "Following its log of changes")},
          .operator_settings =
              {{.name = kLinkLocalSetting,
                .description = "refuse or allow PostgreSQL hosts with a link-local "
                               "address or that of a cloud's metadata service",
                .default_value = kRefuse,
                .check = [](const std::string& value) { return AllowsLinkLocal(value).status(); }},
               {.name = kRetainedSetting,
                .description = "GiB of its log that a PostgreSQL server may hold back "
                               "for a connection before a sync ends for it",
                .default_value = kRetainedGiB,
                .check = [](const std::string& value) { return RetainedBytes(value).status(); }}},
          .identify = &Identify};
}

absl::StatusOr<bool> AllowsLinkLocal(const std::string& setting) {
  if (setting == kAllow) return true;
  if (setting.empty() || setting == kRefuse) return false;
  return UnusableSetting(
      kLinkLocalSetting, setting,
      absl::StrCat("it is neither ", kRefuse, " nor ", kAllow, "; give one of them"));
}

absl::StatusOr<std::uint64_t> RetainedBytes(const std::string& setting) {
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  constexpr std::uint64_t kMostGiB = 1024 * 1024;
  std::uint64_t gib = 0;
  if (!absl::SimpleAtoi(setting.empty() ? kRetainedGiB : setting, &gib) || gib == 0 ||
      gib > kMostGiB) {
    return UnusableSetting(
        kRetainedSetting, setting,
        absl::StrCat("it is not a whole number of GiB from 1 to ", kMostGiB, "; give one"));
  }
  return gib * kGiB;
}

absl::StatusOr<Settings> ReadSettings(const Configuration& configuration) {
  Settings settings;
  for (const auto& [key, into, most, cure] :
       {std::tuple(kHostKey, &settings.login.host, kMaxHostBytes,
                   "give the server's name or address"),
        std::tuple(kDatabaseKey, &settings.login.database, kMaxNameBytes,
                   "give the database's name"),
        std::tuple(kUserKey, &settings.login.user, kMaxNameBytes, "give the role's name")}) {
    auto value = Needed(configuration, key, most, cure);
    if (!value.ok()) return value.status();
    *into = *std::move(value);
  }
  const auto port = Number(configuration, kPortKey, kDefaultPort, 65535);
  if (!port.ok()) return port.status();
  settings.login.port = static_cast<std::uint16_t>(*port);
  settings.login.password = ValueOf(configuration, kPasswordKey);
  if (settings.login.password.size() > kMaxPasswordBytes ||
      settings.login.password.find('\0') != std::string::npos) {
    return UnusableValue(kPasswordKey, "is too long or holds a NUL character; correct it");
  }
  const absl::Status certificates = ReadCertificates(configuration, settings.login);
  if (!certificates.ok()) return certificates;
  const std::string_view method = ValueOf(configuration, kUpdateMethodKey);
  if (!method.empty() && method != kLogicalReplication && method != kCompare) {
    return UnusableValue(kUpdateMethodKey,
                         "is no method that is known; choose logical_replication or compare");
  }
  settings.follows = method != kCompare;
  // What was given for the other method may have stayed in the form.
  if (settings.follows) {
    settings.publication = ValueOf(configuration, kPublicationKey);
    settings.slot = ValueOf(configuration, kSlotKey);
  }
  if (settings.publication.empty()) settings.publication = kDefaultPublication;
  for (const auto& [key, name] :
       {std::pair(kPublicationKey, &settings.publication), std::pair(kSlotKey, &settings.slot)}) {
    if (name->size() > kMaxNameBytes || name->find('\0') != std::string::npos) {
      return UnusableValue(key, absl::StrCat("is longer than ", kMaxNameBytes,
                                             " bytes or holds a NUL character; correct it"));
    }
  }
  const auto connections = Number(configuration, kMaxConnectionsKey, 0, kMaxConnections);
  if (!connections.ok()) return connections.status();
  if (settings.follows && *connections != 0 && *connections <= kLogConnections) {
    return UnusableValue(kMaxConnectionsKey,
                         "is too few: two follow the log, and each table is copied by another; "
                         "give 3 or more");
  }
  settings.max_connections = *connections;
  return settings;
}

}  // namespace tributary::postgresql
