// The makers of consoles that are no ports of this machine; driver.cpp has the table.
#pragma once

#include "drivers/kinds.hpp"

namespace assay::drivers {

Made make_program(const DriverSetup&, const Json& params);
Made make_rfc2217(const DriverSetup&, const Json& params);
Made make_telnet(const DriverSetup&, const Json& params);

}  // namespace assay::drivers
