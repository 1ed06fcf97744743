#include "cli/input_files.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <system_error>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "cli/words.hpp"
#include "images/load.hpp"
#include "plans/check.hpp"
#include "plans/compile.hpp"
#include "plans/shipped.hpp"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

bool looks_like_file(const std::string& word) {
  return word.find('/') != std::string::npos || word.ends_with(".yaml") || word.ends_with(".yml");
}

Result<InputPlan> checked(plans::SourceText source, const plans::FragmentSource& fragments,
                          std::string shipped) {
  auto plan = plans::parse_plan(source.text, source.file);
  if (!plan) return tl::unexpected(plans::to_error(plan.error()));
  if (const auto findings = plans::check(*plan, fragments); !findings.empty()) {
    return tl::unexpected(plans::to_error(findings));
  }
  InputPlan input{std::move(shipped), std::move(source), {}, std::move(*plan)};
  for (auto& [name, text] : plans::fragments_used(input.plan, fragments)) {
    input.fragments.emplace_back(name, text);
  }
  return input;
}

}  // namespace

Result<InputPlan> read_plan(const std::string& word) {
  std::error_code ignored;
  if (looks_like_file(word) || fs::is_regular_file(word, ignored)) {
    // Also slips that only the shipped board types can show.
    const auto checks = plans::check_files({word});
    if (!checks.empty() && !checks[0].findings.empty())
      return tl::unexpected(plans::to_error(checks[0].findings));
    if (!checks.empty() && checks[0].kind != "plan") {
      return fail(Cause::invalid, "{}:1:1: this is a {}, not a plan; begin with 'plan: NAME'", word,
                  checks[0].kind);
    }
    return checked({word, TRY(read_text(word, plans::max_document_size))},
                   plans::fragments_beside(word), "");
  }
  auto source = TRY(plans::shipped_plan(word));
  return checked(std::move(source), plans::shipped_fragments(), word);
}

Result<InputPlan> plan_from_text(std::string file, std::string text) {
  const auto none = [](const std::string&) { return std::nullopt; };
  return checked({std::move(file), std::move(text)}, none, "");
}

std::string misgiven(const plans::Plan& plan, const Pairs& artifacts, const Pairs& params) {
  std::vector<std::string> names;
  for (const auto& [name, file] : artifacts) names.push_back(name);
  const auto found = plans::check_given(plan, names, {params.begin(), params.end()});
  return found.empty() ? "" : plans::to_string(found);
}

Result<InputFile> read_input(std::string name, const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) {
    return fail(Cause::not_found, "{}: there is no such file (artifact '{}')",
                printable(path.string()), name);
  }
  if (!fs::is_regular_file(status)) {
    return fail(Cause::invalid, "{}: is not a regular file (artifact '{}')",
                printable(path.string()), name);
  }
  InputFile input{std::move(name), path, "", 0};
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return fail(Cause::invalid, "{}: cannot be read; look at its permissions",
                printable(path.string()));
  // Also what grows while it is read, and what has no length (/proc).
  const auto too_long = [&] {
    return fail(Cause::invalid, "{}: is longer than {}, which is the most that Assay can flash",
                printable(path.string()), human_size(max_artifact_bytes));
  };
  if (fs::file_size(path, error) > max_artifact_bytes && !error) return too_long();
  Sha256Stream hash;
  Bytes content;  // the first of it
  std::array<char, 65536> piece;
  while (in) {
    in.read(piece.data(), piece.size());
    const std::string_view got(piece.data(), static_cast<std::size_t>(in.gcount()));
    hash.update(as_bytes(got));
    input.size += got.size();
    if (content.size() <= images::default_limit)
      content.insert(content.end(), got.begin(), got.end());
    if (input.size > max_artifact_bytes) return too_long();
  }
  input.sha256 = to_hex(hash.finish());
  if (images::detect(content, path.string()) != images::Container::raw) {
    if (auto decoded = images::parse(content, path.string(), 0); !decoded) {
      return fail(Cause::invalid, "{}", decoded.error().text);
    }
  }
  return input;
}

}  // namespace assay::cli
