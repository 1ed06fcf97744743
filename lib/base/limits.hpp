// Limits that several parts of Assay keep, so that what one of them takes no other
// refuses. Those of messages alone are in wire/limits.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace assay {

inline constexpr std::size_t max_jobs = 1000;  // of a run
inline constexpr std::size_t max_roles = 16;   // of a job
inline constexpr std::size_t max_steps = 10'000;
// A file under test: disk images are large, and are streamed wherever they go.
inline constexpr std::uint64_t max_artifact_bytes = std::uint64_t{8} << 30;
// One that is looked into is read whole: MCU images, HEX and ELF files.
inline constexpr std::uint64_t max_decoded_bytes = 64U << 20;
// What the events of one attempt take, unless assayd is told otherwise. The least
// leaves each of max_roles consoles room for some whole events.
inline constexpr std::uint64_t default_attempt_bytes = 256U << 20;
inline constexpr std::uint64_t least_attempt_bytes = 4U << 20;

}  // namespace assay
