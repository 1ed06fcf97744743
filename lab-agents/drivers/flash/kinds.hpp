// Makers of flashers; the driver table in driver.cpp has them. Internal to drivers/.
#pragma once

#include "drivers/kinds.hpp"

namespace assay::drivers {

Made make_dfu_util(const DriverSetup&, const Json& params);
Made make_esptool(const DriverSetup&, const Json& params);
Made make_fastboot(const DriverSetup&, const Json& params);
Made make_mcuboot_serial(const DriverSetup&, const Json& params);
Made make_openocd(const DriverSetup&, const Json& params);
Made make_pyocd(const DriverSetup&, const Json& params);
Made make_stm32flash(const DriverSetup&, const Json& params);
Made make_uf2(const DriverSetup&, const Json& params);

}  // namespace assay::drivers
