// The three channels that can disagree about what runs on a board.
#pragma once

#include <optional>
#include <string>

#include "evidence/event.hpp"
#include "executor/step.hpp"

namespace assay::executor {

// What one channel says on whether an artifact runs.
struct Word {
  evidence::Finding finding;
  // Set when the channel should have spoken and did not: what is missing, for
  // attribution ("the device did not answer the request for its images").
  std::string silent = {};
  // Set when its ability failed: the lab's.
  std::optional<Error> broken = {};

  [[nodiscard]] bool told() const { return finding.says != evidence::Finding::Says::cannot_tell; }
};

// The latest line since the last actuation by which programs tell themselves
// apart (the profile's identity marker, or the artifact's `prints`).
Word console_word(const Run&, const plans::AssertRunning&, const Artifacts::Image*, const Wait&);
// The active slot's hash, version and, when asked, confirmation.
Word smp_word(const Run&, const plans::AssertRunning&, const Artifacts::Image*, const Wait&);
// The primary slot read back, hashed, and compared with the artifact's bytes.
Word flash_word(const Run&, const plans::AssertRunning&, const Artifacts::Image*, const Wait&);

}  // namespace assay::executor
