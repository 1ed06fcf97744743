// `like: PROFILE`: a board type that changes parts of another. Thread-safe.
#pragma once

#include "plans/profile.hpp"
#include "plans/yaml.hpp"

namespace assay::plans {

// The document with everything that it does not say itself taken from the board
// type that it is like, and so on. Of `flash` and `markers` each entry counts for
// itself; any other key is the one's or the other's. `profile` and `about` are its
// own. What was taken keeps its place in the other file.
Node with_what_it_is_like(Node document, const ProfileSource&, Diagnostics&);

}  // namespace assay::plans
