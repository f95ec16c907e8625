// absl::Status and grpc::Status have the same codes by definition.
#ifndef TRIBUTARY_SUPERVISOR_GRPC_STATUS_H_
#define TRIBUTARY_SUPERVISOR_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"

namespace tributary {

inline grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_GRPC_STATUS_H_
