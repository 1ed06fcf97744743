// What the console told since the board was last actuated, for a tired person.
#pragma once

#include <string>

#include "executor/step.hpp"

namespace assay::executor {

// Ends so that "but X was not seen" can follow: "v2.0.0 was started (Jumping to
// the first image slot)", "after the reset the console said nothing".
std::string story(const RoleState&);

// Log levels and time stamps of a line do not help: "I: x" is "x".
std::string plain(const std::string& line);

}  // namespace assay::executor
