#include "base/file.hpp"
#include "fuzz.hpp"

namespace assay::fuzz {

std::vector<std::string> files(const std::string& folder, const std::string& ending) {
  std::vector<std::string> all;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(ASSAY_ROOT) / folder)) {
    if (!entry.is_regular_file() || !entry.path().string().ends_with(ending)) continue;
    if (auto text = read_text(entry.path())) all.push_back(*std::move(text));
  }
  return all;
}

}  // namespace assay::fuzz
