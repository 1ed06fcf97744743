// Shell completion, made from what the parser knows. Thread-safe: free functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay::cli {

struct CommandWords {
  std::string name;  // "plan check"; "" for the program itself
  std::string about;
  std::vector<std::string> subcommands;
  std::vector<std::string> options;  // "--artifact"
  // What the first word after it is: "run", "board", "plan", "file" or "".
  std::string takes;
  std::vector<std::string> choices;  // fixed words: "on off cycle status"
};

// `shell` is bash, zsh or fish; "" for another one.
std::string completion_script(std::string_view shell, const std::vector<CommandWords>&);

}  // namespace assay::cli
