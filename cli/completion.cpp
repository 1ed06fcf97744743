#include "cli/completion.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace assay::cli {
namespace {

// What a shell runs to learn the words.
std::string source_of(const CommandWords& command) {
  if (command.takes == "run" || command.takes == "board" || command.takes == "plan") {
    return fmt::format("assay words {}s 2>/dev/null", command.takes);
  }
  return "";
}
bool takes_file(const CommandWords& command) {
  return command.takes == "file" || command.takes == "plan";
}
std::string fixed(const CommandWords& command) {
  std::vector<std::string> words = command.subcommands;
  words.insert(words.end(), command.choices.begin(), command.choices.end());
  return join(words, " ");
}

constexpr std::string_view bash_head = R"BASH(# bash completion of assay; source it from ~/.bashrc
_assay() {
  local word="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" path="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${COMP_WORDS[i]}" in
      -*) ;;
      *) case " $_assay_paths " in *" ${path:+$path/}${COMP_WORDS[i]} "*) path="${path:+$path/}${COMP_WORDS[i]}" ;; esac ;;
    esac
  done
  local words="" options="" files=""
  case "$previous" in
    --html|--junit|--tap|--lab|--state|--output|-o) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --board|--lease) COMPREPLY=($(compgen -W "$(assay words boards 2>/dev/null)" -- "$word")); return ;;
    --profile|--boards-profile) COMPREPLY=($(compgen -W "$(assay words profiles 2>/dev/null)" -- "$word")); return ;;
  esac
  case "$path" in
)BASH";
constexpr std::string_view bash_tail = R"BASH(  esac
  if [[ "$word" == -* ]]; then words="$options"; files=""; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ -n "$files" ]]; then COMPREPLY+=($(compgen -f -- "$word")); fi
}
complete -o filenames -o bashdefault -F _assay assay
)BASH";

// One word a path, so that bash can look it up: "plan/check".
std::string slashed(std::string path) {
  for (char& c : path) c = c == ' ' ? '/' : c;
  return path;
}

std::string bash(const std::vector<CommandWords>& commands) {
  std::vector<std::string> paths;
  std::string cases;
  for (const auto& command : commands) {
    if (!command.name.empty()) paths.push_back(slashed(command.name));
    std::string words = fixed(command);
    if (const std::string source = source_of(command); !source.empty())
      words += " $(" + source + ")";
    cases += fmt::format("    '{}') words=\"{}\" options=\"{}\"{} ;;\n", slashed(command.name),
                         words, join(command.options, " "), takes_file(command) ? " files=1" : "");
  }
  return fmt::format("_assay_paths=\"{}\"\n", join(paths, " ")) + std::string(bash_head) + cases +
         std::string(bash_tail);
}

// The same words by bash's way of completing, which zsh can do.
std::string zsh(const std::vector<CommandWords>& commands) {
  return "#compdef assay\nautoload -U +X bashcompinit && bashcompinit\n" + bash(commands);
}

std::string fish_condition(const std::string& name) {
  if (name.empty()) return "__fish_use_subcommand";
  std::string all;
  for (const auto word : split(name, ' ')) {
    all += fmt::format("{}__fish_seen_subcommand_from {}", all.empty() ? "" : "; and ", word);
  }
  return all;
}

// Within single quotes.
std::string quoted_for_fish(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted;
}

std::string fish(const std::vector<CommandWords>& commands) {
  std::string text = "# fish completion of assay\ncomplete -c assay -f\n";
  for (const auto& command : commands) {
    const std::string condition = fish_condition(command.name);
    for (const auto& sub : command.subcommands) {
      std::string about;
      for (const auto& other : commands) {
        if (other.name == (command.name.empty() ? sub : command.name + " " + sub))
          about = other.about;
      }
      text += fmt::format("complete -c assay -n '{}' -a '{}' -d '{}'\n", condition, sub,
                          quoted_for_fish(about));
    }
    std::string words = join(command.choices, " ");
    if (const std::string source = source_of(command); !source.empty())
      words += (words.empty() ? "(" : " (") + source + ")";
    if (!words.empty())
      text += fmt::format("complete -c assay -n '{}' -a '{}'\n", condition, words);
    if (takes_file(command)) text += fmt::format("complete -c assay -n '{}' -F\n", condition);
    for (const auto& option : command.options) {
      text += fmt::format("complete -c assay -n '{}' -l {}\n", condition, option.substr(2));
    }
  }
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell, const std::vector<CommandWords>& commands) {
  if (shell == "bash") return bash(commands);
  if (shell == "zsh") return zsh(commands);
  if (shell == "fish") return fish(commands);
  return "";
}

}  // namespace assay::cli
