// The images of one attempt: their files, the derived ones made on first use,
// and what of each must lie in the running slot. Not thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "images/mcuboot.hpp"
#include "plans/job_spec.hpp"

namespace assay::executor {

class Artifacts {
 public:
  Artifacts(const plans::JobSpec& spec, std::map<std::string, std::filesystem::path> files,
            std::filesystem::path scratch)
      : spec_(spec), files_(std::move(files)), scratch_(std::move(scratch)) {}

  [[nodiscard]] const plans::Artifact* find(std::string_view name) const;

  // Cause::not_found for a name or a file that is not there, invalid when the
  // derivation cannot be made.
  Result<std::filesystem::path> file(const std::string& name);
  Result<Bytes> bytes(const std::string& name);
  // The same file by the name that the user gave it: tools go by the extension.
  Result<std::filesystem::path> file_for_tools(const std::string& name);

  // The artifact as it lies in the primary slot of this board type: the signed
  // image itself, or that slot of a whole-chip file. Cause::invalid when there
  // is no MCUboot image.
  struct Image {
    Bytes bytes;  // header to the last TLV
    images::McubootImage facts;
    [[nodiscard]] std::string version() const { return "v" + to_string(facts.header.version); }
    // Header, payload and protected TLVs: what the bootloader's hash is over.
    [[nodiscard]] ByteView hashed() const;
  };
  Result<Image> image(const std::string& name, const plans::Profile&);

  // Both come from one artifact, so that what a program prints cannot tell them apart.
  [[nodiscard]] bool related(const std::string& a, const std::string& b) const;

 private:
  [[nodiscard]] std::string root(std::string name) const;
  [[nodiscard]] std::filesystem::path users_name(const std::string& name) const;

  const plans::JobSpec& spec_;
  std::map<std::string, std::filesystem::path> files_;
  const std::filesystem::path scratch_;
};

}  // namespace assay::executor
