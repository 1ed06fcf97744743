// What is missing between the pieces of a stream whose bytes are numbered from 0: the
// agent or assayd did not keep it. A value with one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/text.hpp"

namespace assay::reports {

// The line that stands for missing bytes, a console's like the others.
inline std::string gap_line(std::uint64_t missing) {
  return "… " + human_size(missing) + " left out here …";
}

class Gaps {
 public:
  // How many bytes are missing before these, which come next.
  std::uint64_t before(std::uint64_t offset, std::size_t size) {
    const std::uint64_t missing = known_ && offset > next_ ? offset - next_ : 0;
    known_ = true;
    next_ = offset + size;
    return missing;
  }
  // The next piece is from elsewhere: nothing is known of what is before it.
  void jump() { known_ = false; }

 private:
  std::uint64_t next_ = 0;
  bool known_ = true;
};

}  // namespace assay::reports
