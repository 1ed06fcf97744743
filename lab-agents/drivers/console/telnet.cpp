// The driver `telnet`: a console behind a console server's TCP port, {"host"}: telnet or
// plain. What is sent to a plain one must hold no 255, and gets a zero byte after a
// lone carriage return, as telnet wants it.
#include "drivers/console/consoles.hpp"
#include "drivers/console/link_console.hpp"
#include "drivers/console/tcp_link.hpp"

namespace assay::drivers {

Made make_telnet(const DriverSetup& setup, const Json& params) {
  TRY(only_keys(params, {"host"}));
  const auto at = TRY(host_and_port(TRY(host_param(params, "host")), 23));
  return make_link_console(
      at.place(), [at] { return make_tcp_link(at, std::make_unique<TelnetCodec>()); },
      setup.on_incident);
}

}  // namespace assay::drivers
