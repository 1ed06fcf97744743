// What the readers of one live stream are told, made once for all of them.
//
// One thread at a time; blocks for the disk. news() moves the stream itself and is
// for all readers that are level with it; catch_up() brings one reader level, in
// pieces of bounded size. Both are called in turn, so that what a reader gets by
// the one ends where the other goes on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "web/cursor.hpp"

namespace assay::web {

// Where a reader stands that is not level yet.
struct Place {
  std::optional<Cursor> after;  // as it said; none: a new one
  bool level = false;           // set by catch_up()
  // The producer's own.
  bool begun = false;
  std::uint64_t run = 0;                           // version of the run that it has
  std::size_t attempts = 0;                        // how many that has
  Cursor next;                                     // lines
  std::map<std::string, std::uint64_t> seen = {};  // versions of consoles and timelines
};

struct News {
  std::string text;               // events; "" none
  std::optional<Duration> again;  // there is more to tell, in so long
};

class Producer {
 public:
  virtual ~Producer() = default;
  virtual Result<News> news(BootTime now) = 0;
  virtual Result<std::string> catch_up(Place&) = 0;
  // Nothing will follow what news() has told.
  [[nodiscard]] virtual bool over() const = 0;
};

}  // namespace assay::web
