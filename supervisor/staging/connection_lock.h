// One owner for each connection's staging, also across processes: an flock on
// the file LOCK in the connection's folder. It ends with its process, however that ends.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_CONNECTION_LOCK_H_
#define TRIBUTARY_SUPERVISOR_STAGING_CONNECTION_LOCK_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tributary {

class ConnectionLock {
 public:
  // Makes LOCK if it is missing; the folder must exist. ABORTED: another process, or this one, owns
  // the connection; the text says which. NOT_FOUND: the folder does not exist. UNAVAILABLE: the
  // disk fails.
  static absl::StatusOr<ConnectionLock> Acquire(const std::string& connection_path);

  ConnectionLock(ConnectionLock&& other) noexcept;
  ConnectionLock& operator=(ConnectionLock&& other) noexcept;
  ~ConnectionLock();

  // Records that the connection is in use now.
  void Touch() const;

  // When the connection was last used; NOT_FOUND where there is none.
  static absl::StatusOr<absl::Time> LastTouched(const std::string& connection_path);

 private:
  explicit ConnectionLock(int file) : file_(file) {}

  int file_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_CONNECTION_LOCK_H_
