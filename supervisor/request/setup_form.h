// The setup page: its fields, and the tests that run once it is filled in. It is made from the
// engines' own descriptions.
#ifndef TRIBUTARY_SUPERVISOR_REQUEST_SETUP_FORM_H_
#define TRIBUTARY_SUPERVISOR_REQUEST_SETUP_FORM_H_

#include <string_view>
#include <vector>

#include "proto/common.pb.h"

namespace tributary {

struct EngineSetup;

// A dropdown of the engines, then each engine's fields, which show only if it is chosen; the first
// engine is the default. The tests are those of all engines, each name once: the page cannot make a
// test depend on a choice.
fivetran_sdk::v2::ConfigurationFormResponse SetupForm(const std::vector<EngineSetup>& setups);

bool HasTest(const EngineSetup& setup, std::string_view test);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_SETUP_FORM_H_
