// A board whose driver runs in this process, on a thread that does what a device
// host does: one operation at a time, and the device's descriptors in between.
// Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "abilities/ability.hpp"
#include "base/fd.hpp"
#include "drivers/driver.hpp"

namespace assay::executor::test {

class DirectBoard final : public abilities::Board,
                          abilities::Power,
                          abilities::Reset,
                          abilities::Flash,
                          abilities::Console {
 public:
  static Result<std::unique_ptr<DirectBoard>> make(const std::string& kind,
                                                   const std::filesystem::path& state);
  ~DirectBoard() override;

  [[nodiscard]] const std::string& id() const override { return id_; }
  abilities::Power* power() override { return driver_->power() == nullptr ? nullptr : this; }
  abilities::Reset* reset() override { return driver_->reset() == nullptr ? nullptr : this; }
  abilities::Flash* flash() override { return driver_->flash() == nullptr ? nullptr : this; }
  abilities::Console* console() override { return driver_->console() == nullptr ? nullptr : this; }
  Result<abilities::Health> check(std::string_view ability,
                                  const abilities::Order& order) override {
    return call([&] { return driver_->check(ability, order); });
  }
  std::vector<abilities::Incident> incidents() override;
  void on_incident(std::function<void(const abilities::Incident&)>) override;

 private:
  DirectBoard() = default;
  Result<> on(const abilities::Order& o) override {
    return call([&] { return driver_->power()->on(o); });
  }
  Result<> off(const abilities::Order& o) override {
    return call([&] { return driver_->power()->off(o); });
  }
  Result<std::optional<bool>> is_on(const abilities::Order& o) override {
    return call([&] { return driver_->power()->is_on(o); });
  }
  Result<> pulse(const abilities::Order& o) override {
    return call([&] { return driver_->reset()->pulse(o); });
  }
  Result<> write(const abilities::Order& o, const abilities::FlashJob& job) override {
    return call([&] { return driver_->flash()->write(o, job); });
  }
  Result<std::optional<Bytes>> read(const abilities::Order& o, std::uint64_t address,
                                    std::uint64_t size) override {
    return call([&] { return driver_->flash()->read(o, address, size); });
  }
  Result<> write(const abilities::Order& o, ByteView bytes) override {
    return call([&] { return driver_->console()->write(o, bytes); });
  }
  void listen(Sink sink) override {
    call([&] {
      driver_->console()->listen(std::move(sink));
      return 0;
    });
  }

  template <class Operation>
  auto call(Operation operation) -> decltype(operation()) {
    std::promise<decltype(operation())> result;
    post([&] { result.set_value(operation()); });
    return result.get_future().get();
  }
  void post(std::function<void()>);
  void pump(const std::stop_token&);
  void heard(const abilities::Incident&);

  std::string id_ = "direct-1";
  std::unique_ptr<abilities::Device> driver_;
  UniqueFd bell_;
  std::mutex mutex_;
  std::deque<std::function<void()>> operations_;
  std::vector<abilities::Incident> incidents_;
  std::function<void(const abilities::Incident&)> on_incident_;
  std::jthread thread_;
};

}  // namespace assay::executor::test
