// Flashers that reach a board's own bootloader, made as the lab file's settings say.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "drivers/driver.hpp"

namespace assay::drivers {

class LoaderTest : public testing::Test {
 protected:
  static std::string error_of(const auto& result) {
    return result ? "no error" : result.error().text;
  }
  static Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
    return bytes;
  }
  static Bytes part(const Bytes& all, std::size_t at, std::size_t size) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
    return {begin, begin + static_cast<std::ptrdiff_t>(size)};
  }
  std::string file(const Bytes& bytes, const std::string& name = "image.bin") {
    const auto path = folder.path() / name;
    EXPECT_TRUE(write_file(path, bytes));
    return path;
  }
  std::unique_ptr<abilities::Device> make(const std::string& kind, const Json& settings) {
    auto made = make_driver({kind, settings.dump(), folder.path(), nullptr});
    EXPECT_TRUE(made) << made.error().text;
    return made ? std::move(*made) : nullptr;
  }
  std::string refusal(const std::string& kind, const Json& settings) {
    return error_of(make_driver({kind, settings.dump(), folder.path(), nullptr}));
  }
  // What comes of a job; `doing` gets what was said to be done meanwhile.
  Result<> flash(const std::string& kind, const Json& settings, abilities::FlashJob job) {
    const auto device = make(kind, settings);
    if (!device) return fail(Cause::internal, "no device");
    doing.clear();
    const auto with = abilities::Order{1, Wait::for_(std::chrono::seconds(60)),
                                       [this](const abilities::Progress& now) {
                                         EXPECT_LE(now.done, now.total);
                                         if (doing.empty() || doing.back() != now.doing)
                                           doing.push_back(now.doing);
                                       }};
    return device->flash()->write(with, job);
  }

  std::vector<std::string> doing;
  const abilities::Order order{1, Wait::for_(std::chrono::seconds(60))};
  TempFolder folder = TempFolder::make("assay-loader-").value();
};

}  // namespace assay::drivers
