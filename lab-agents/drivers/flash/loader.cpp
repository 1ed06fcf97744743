#include "drivers/flash/loader.hpp"

#include "images/load.hpp"

namespace assay::drivers {

namespace {

using abilities::Health;
using abilities::Order;

constexpr Duration enter_within = std::chrono::seconds(30);

class LoaderFlasher final : public abilities::Device, private abilities::Flash {
 public:
  LoaderFlasher(std::unique_ptr<LoaderTool> tool, std::vector<std::string> enter)
      : tool_(std::move(tool)), enter_(std::move(enter)) {}

  abilities::Flash* flash() override { return this; }
  std::string about(std::string_view) const override { return tool_->about(); }
  Result<Health> check(std::string_view, const Order& order) override {
    return tool_->check(order);
  }
  void poll_fds(std::vector<pollfd>&, bool) override {}
  void on_ready(std::span<const pollfd>) override {}

 private:
  Result<> write(const Order& order, const abilities::FlashJob& job) override {
    const auto segments = TRY(images::load(job.file, job.address));
    const auto folder = TRY(TempFolder::make("assay-flash-"));
    if (!enter_.empty()) {
      order.tell({"entering the bootloader", 0, segments.size()});
      const Tool enter(enter_.front(), "check 'enter' in the lab file", {});
      const auto entered = enter.run(std::vector<std::string>(enter_.begin() + 1, enter_.end()),
                                     enter_within, order);
      if (!entered) return tl::unexpected(entered.error().in("entering the bootloader"));
    }
    return tool_->program(job, segments, folder, order);
  }
  Result<std::optional<Bytes>> read(const Order&, std::uint64_t, std::uint64_t) override {
    return std::optional<Bytes>();
  }

  const std::unique_ptr<LoaderTool> tool_;
  const std::vector<std::string> enter_;
};

}  // namespace

std::unique_ptr<abilities::Device> make_loader_flasher(std::unique_ptr<LoaderTool> tool,
                                                       std::vector<std::string> enter) {
  return std::make_unique<LoaderFlasher>(std::move(tool), std::move(enter));
}

Result<Health> check_port(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return Health::unproven;
  return fail(Cause::device, "{}: there is no such serial port", path.string());
}

Result<images::Segments> filled(const images::Segments& segments, const abilities::FlashJob& job) {
  auto bytes = TRY(segments.flatten(job.address, job.erase_size, job.erased));
  return images::Segments{{{job.address, std::move(bytes)}}};
}

}  // namespace assay::drivers
