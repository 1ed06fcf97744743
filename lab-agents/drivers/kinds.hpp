// One maker a kind of driver; make_driver() has the table. Internal to drivers/.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "drivers/driver.hpp"

namespace assay::drivers {

Made make_virtual_zephyr(const DriverSetup&, const Json& params);
Made make_command(const DriverSetup&, const Json& params);
Made make_disk(const DriverSetup&, const Json& params);
Made make_serial(const DriverSetup&, const Json& params);

// Parameters were checked when the lab file was read; these find what slipped
// through: Cause::invalid names the key.
Result<> only_keys(const Json& params, std::initializer_list<std::string_view> known);
// Absent: the default.
Result<std::string> text_param(const Json& params, std::string_view key,
                               std::string_view otherwise);
Result<bool> flag_param(const Json& params, std::string_view key);  // absent: false
Result<std::int64_t> number_param(const Json& params, std::string_view key, std::int64_t otherwise);
// From `least` to `most`, `otherwise` being one that is not where the key is needed.
Result<std::int64_t> range_param(const Json& params, std::string_view key, std::int64_t least,
                                 std::int64_t most, std::int64_t otherwise);
// Of KEY_ms, as the lab file's reader writes durations.
Result<Duration> duration_param(const Json& params, std::string_view key, Duration otherwise);
// Absent: empty. Given: at least one argument, none with a zero byte.
Result<std::vector<std::string>> words_param(const Json& params, std::string_view key);

}  // namespace assay::drivers
