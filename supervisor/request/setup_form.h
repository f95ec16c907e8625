// The setup page: its fields, and the tests that run once it is filled in.
#ifndef TRIBUTARY_SUPERVISOR_REQUEST_SETUP_FORM_H_
#define TRIBUTARY_SUPERVISOR_REQUEST_SETUP_FORM_H_

#include "proto/common.pb.h"

namespace tributary {

// Names of the setup tests, in the order in which they run: the source can be
// opened, and its tables can be listed and read.
inline constexpr char kConnectTest[] = "connect";
inline constexpr char kReadTest[] = "read";

fivetran_sdk::v2::ConfigurationFormResponse SetupForm();

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_SETUP_FORM_H_
