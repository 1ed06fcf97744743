// A console over links, of which there is always one, or a timer for the next: what
// the drivers `telnet`, `rfc2217` and `program` share. Incident port_gone and back
// tell of a link that was lost and of the one that followed it.
#pragma once

#include <string>

#include "drivers/console/link.hpp"
#include "drivers/kinds.hpp"

namespace assay::drivers {

// `name` as people know it: "10.0.0.7:2001".
Made make_link_console(std::string name, MakeLink, abilities::IncidentSink);

}  // namespace assay::drivers
