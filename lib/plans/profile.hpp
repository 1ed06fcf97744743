// Board types: board-profiles/*.yaml to plans::Profile. Thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plans/diagnostics.hpp"
#include "plans/job_spec.hpp"
#include "plans/plan.hpp"

namespace assay::plans {

class Reader;
struct Node;

// "power", "flash", "flash.read", "console", "reset", "ota.smp", "mux".
const std::vector<std::string>& known_abilities();
// One of them; an unknown one is reported, with a suggestion, and absent.
std::optional<std::string> read_ability(Reader&, const Node&);

// Where the board type is that another is `like`; absent: there is none of that name.
using ProfileSource = std::function<std::optional<SourceText>(const std::string& name)>;
Checked<Profile> parse_profile(std::string_view text, std::string_view file,
                               const ProfileSource& = nullptr);

[[nodiscard]] bool has_ability(const Profile&, std::string_view ability);
// nullptr when the profile has none of this name.
const Marker* find_marker(const Profile&, std::string_view name);
const Slot* find_slot(const Profile&, std::string_view name);

// What a board of this type can do whose devices give `devices`: those the type
// has, and "ota.smp" when the type has it and there is a console to speak it on.
std::vector<std::string> abilities_of(const Profile&, const std::vector<std::string>& devices);

// The fault of a regular expression, or "" when it is good.
std::string pattern_fault(std::string_view pattern);

}  // namespace assay::plans
