#include "protocols/smp_cbor.hpp"

namespace assay::smp {

namespace {

using Json = nlohmann::json;

// Walks the bytes once before they become a tree: the reader recurses, and a
// device must not choose how deep.
class DepthCheck final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t&) override { return true; }
  bool start_object(std::size_t) override { return ++depth_ <= 8; }
  bool start_array(std::size_t) override { return ++depth_ <= 8; }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool leave() {
    --depth_;
    return true;
  }
  int depth_ = 0;
};

const Json* find(const Json& map, std::string_view key) {
  if (!map.is_object()) return nullptr;
  const auto it = map.find(std::string(key));
  return it == map.end() ? nullptr : &*it;
}

}  // namespace

std::optional<Json> parse_map(ByteView bytes) {
  DepthCheck check;
  if (!Json::sax_parse(bytes.begin(), bytes.end(), &check, Json::input_format_t::cbor)) return {};
  Json map = Json::from_cbor(bytes.begin(), bytes.end(), true, false);
  if (!map.is_object()) return {};
  return map;
}

std::optional<std::uint64_t> number(const Json& map, std::string_view key) {
  const auto* value = find(map, key);
  if (value == nullptr || !value->is_number_integer()) return {};
  if (!value->is_number_unsigned() && value->get<std::int64_t>() < 0) return {};
  return value->get<std::uint64_t>();
}

std::optional<std::string> text(const Json& map, std::string_view key) {
  const auto* value = find(map, key);
  if (value == nullptr || !value->is_string()) return {};
  return value->get<std::string>();
}

Bytes binary(const Json& map, std::string_view key) {
  const auto* value = find(map, key);
  if (value == nullptr || !value->is_binary()) return {};
  return value->get_binary();
}

bool flag(const Json& map, std::string_view key) {
  const auto* value = find(map, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

}  // namespace assay::smp
