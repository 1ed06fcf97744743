// The log of a daemon: lines on standard error, "2026-11-24T07:21:00.123Z info  agent: text".
// Thread-safe after start_log(). The agent's launcher and the device hosts call
// it in their own processes.
#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace assay {

// Call once, first thing in main(). ASSAY_LOG=debug|info|warn|error chooses the level.
void start_log(std::string_view program);

}  // namespace assay
