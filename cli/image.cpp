// assay image show: offline.

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/words.hpp"
#include "images/describe.hpp"
#include "images/load.hpp"

namespace assay::cli {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const images::McubootHeader& header) {
  return {{"version", images::to_string(header.version)},
          {"headerSize", header.header_size},
          {"payloadSize", header.payload_size},
          {"loadAddress", header.load_address},
          {"flags", images::flag_names(header.flags)}};
}

Json json_of(const images::DescribedImage& one) {
  Json json{{"place", one.place}, {"address", one.address}};
  if (one.image) {
    json["header"] = json_of(one.image->header);
    json["size"] = one.image->size;
    json["hash"] = {{"state", std::string(images::to_string(one.image->hash_state))},
                    {"stored", to_hex(one.image->stored_hash)},
                    {"computed", to_hex(one.image->computed_hash)}};
    Json tlvs = Json::array();
    for (const auto& tlv : one.image->entries) {
      tlvs.push_back({{"type", tlv.type},
                      {"name", images::tlv::name(tlv.type)},
                      {"protected", tlv.is_protected},
                      {"value", to_hex(tlv.value)}});
    }
    json["tlvs"] = std::move(tlvs);
  } else if (one.header) {
    json["header"] = json_of(*one.header);
  }
  if (!one.problem.empty()) json["problem"] = printable(one.problem);
  if (one.trailer) {
    json["trailer"] = {{"magic", std::string(images::to_string(one.trailer->magic))},
                       {"swapType", std::string(images::to_string(one.trailer->swap_type))},
                       {"copyDone", std::string(images::to_string(one.trailer->copy_done))},
                       {"imageOk", std::string(images::to_string(one.trailer->image_ok))}};
  }
  return json;
}

}  // namespace

int execute(const ImageShowOptions& options, const std::string&) {
  const auto content = read_file(options.file, images::default_limit);
  if (!content) {
    fmt::print(stderr, "assay: {}\n", content.error().text);
    return 2;
  }
  images::DescribeOptions how;
  how.raw_base = options.base;
  const auto described = images::describe(*content, options.file, how);
  if (!described) {
    fmt::print(stderr, "{}\n", described.error().text);
    return 2;
  }
  if (!options.json) {
    fmt::print("{}", images::describe_text(*described));
    return 0;
  }
  Json json{{"id", to_hex(described->file_sha256)},
            {"file", printable(described->name)},
            {"container", std::string(images::to_string(described->container))},
            {"size", described->file_size}};
  json["images"] = Json::array();
  for (const auto& one : described->images) json["images"].push_back(json_of(one));
  fmt::print("{}\n", json.dump(1, ' ', false, Json::error_handler_t::replace));
  return 0;
}

}  // namespace assay::cli
