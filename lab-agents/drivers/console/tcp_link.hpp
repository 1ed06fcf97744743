// A connection to a console server, with telnet's commands taken out.
#pragma once

#include "drivers/console/link.hpp"
#include "drivers/console/telnet_codec.hpp"
#include "drivers/host_place.hpp"

namespace assay::drivers {

// Begins to connect. The host's name is looked up at once and without a deadline: an
// address needs none. Cause::not_found when it has none.
Result<std::unique_ptr<Link>> make_tcp_link(const HostPort&, std::unique_ptr<TelnetCodec>);

}  // namespace assay::drivers
