// Limits of what travels between Assay's processes. Whoever sends keeps them;
// whoever receives checks them and never trusts. Sizes in bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"
#include "base/limits.hpp"

namespace assay::wire {

// The protocol that this program speaks: Hello.protocol.
inline constexpr std::uint32_t protocol_version = 1;

inline constexpr std::size_t max_message = 4U << 20;         // any gRPC message
inline constexpr std::size_t max_event_batch = 1U << 20;     // EventsRequest, ReadEventsResponse
inline constexpr std::size_t max_console_piece = 64U << 10;  // ConsoleBytes, channel data
// Where a listing or a run's state is cut into another message: with one more of
// its elements, however long, it is still below max_message.
inline constexpr std::size_t max_part = 1U << 20;
inline constexpr std::size_t max_artifact_piece = 1U << 20;  // PutRequest, GetResponse
inline constexpr std::size_t max_job_spec = 3U << 20;
inline constexpr std::size_t max_source_file = 1U << 20;  // a plan or fragment

inline constexpr std::size_t max_name = 64;    // agents, boards, roles, artifacts, request ids
inline constexpr std::size_t max_word = 200;   // revisions, references, file names, step ids
inline constexpr std::size_t max_text = 4096;  // sentences, patterns, findings
inline constexpr std::size_t max_findings = 32;
inline constexpr std::size_t max_environment = 64;

using assay::max_roles;
using assay::max_steps;
inline constexpr std::size_t max_artifacts = 64;
inline constexpr std::size_t max_derivations = 8;
inline constexpr std::size_t max_markers = 256;
inline constexpr std::size_t max_slots = 16;
inline constexpr std::size_t max_rungs = 16;
inline constexpr std::size_t max_params = 100;
inline constexpr std::size_t max_abilities = 64;   // also tags and verbs
inline constexpr std::size_t max_boards = 1000;    // of one agent
inline constexpr std::size_t max_attempts = 1000;  // of one agent at a time

// No step or attempt is longer than this.
inline constexpr Duration max_duration = std::chrono::hours(24 * 30);

}  // namespace assay::wire
