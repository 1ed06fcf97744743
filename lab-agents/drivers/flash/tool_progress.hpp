// How far a flash tool is, by what it prints.
//
// Not thread-safe: of one run of a tool.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "abilities/ability.hpp"

namespace assay::drivers {

// What a tool calls one of the things that it does, and what it is called here.
struct Phase {
  std::string_view printed;  // part of the line with the percentage; "" fits each
  std::string_view doing;    // "writing"
};

// Of tools that print a percentage ("Download [====  ] 37%", "(12.50%)"): each is that
// share of `bytes`. Lines end with a line feed, a carriage return or an escape.
class Percentages {
 public:
  Percentages(std::span<const Phase> phases, std::uint64_t bytes, const abilities::Order& order)
      : phases_(phases), bytes_(bytes), order_(order) {}
  void operator()(std::string_view printed);

 private:
  void look(std::string_view line);

  const std::span<const Phase> phases_;
  const std::uint64_t bytes_;
  const abilities::Order& order_;
  std::string line_;
};

// Of pyOCD's commander when it does not print to a terminal. Each `load` draws two
// bars of 40 '=', one while it erases and one while it programs, each below a ruler.
class PyocdBars {
 public:
  // `sizes`: of what is loaded, in order.
  PyocdBars(std::vector<std::uint64_t> sizes, const abilities::Order& order);
  void operator()(std::string_view printed);

 private:
  void tell(unsigned drawn);

  const std::vector<std::uint64_t> sizes_;
  const abilities::Order& order_;
  std::uint64_t total_ = 0, before_ = 0;
  std::size_t bars_ = 0;  // done
  bool in_bar_ = false;
  char last_ = 0;
  unsigned drawn_ = 0;
};

}  // namespace assay::drivers
