// Relay boards on serial lines, each against a model of its firmware.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "drivers/driver.hpp"
#include "drivers/power/port_lock.hpp"
#include "firmware.hpp"

namespace assay::drivers {
namespace {

using abilities::Order;
using nlohmann::json;
using testing::HasSubstr;
using namespace std::chrono_literals;

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}
Cause cause_of(const auto& result) {
  return result ? Cause::internal : result.error().cause;
}

class Lcus final : public Firmware {
 public:
  using Firmware::Firmware;
  std::array<bool, 4> on{};

 private:
  std::string react(std::string& input) override {
    std::string answer;
    while (!input.empty()) {
      if (input[0] == '\xFF') {
        for (std::size_t i = 0; i < on.size(); ++i) {
          answer += "CH" + std::to_string(i + 1) + (on[i] ? ": ON \r\n" : ": OFF\r\n");
        }
        input.erase(0, 1);
      } else if (input[0] != '\xA0') {
        input.erase(0, 1);
      } else if (input.size() < 4) {
        break;
      } else {
        const auto channel = static_cast<std::size_t>(input[1]) - 1;
        EXPECT_EQ(input[3], static_cast<char>(input[0] + input[1] + input[2]));
        if (input[2] < 2) {
          on.at(channel) = input[2] == 1;
        } else {
          std::string frame{'\xA0', input[1], on.at(channel) ? '\1' : '\0'};
          frame += static_cast<char>(frame[0] + frame[1] + frame[2]);
          answer += frame;
        }
        input.erase(0, 4);
      }
    }
    return answer;
  }
};

class Numato final : public Firmware {
 public:
  using Firmware::Firmware;
  std::string on;  // the names of the relays that are

 private:
  std::string react(std::string& input) override {
    std::string answer;
    for (std::size_t end = input.find('\r'); end != std::string::npos; end = input.find('\r')) {
      const auto words = input.substr(0, end);
      input.erase(0, end + 1);
      answer += words + "\n\r" + obey(words) + ">";
    }
    return answer;
  }
  std::string obey(const std::string& words) {
    if (words.empty()) return "";
    if (words == "id get") return "LAB-0007\n\r";
    const auto name = words.back();
    if (words == std::string("relay on ") + name) return on += name, "";
    if (words == std::string("relay off ") + name) return std::erase(on, name), "";
    if (words == std::string("relay read ") + name)
      return on.find(name) == std::string::npos ? "off\n\r" : "on\n\r";
    return "Error\n\r";
  }
};

class Devantech final : public Firmware {
 public:
  using Firmware::Firmware;
  unsigned on = 0;

 private:
  std::string react(std::string& input) override {
    std::string answer;
    for (const char c : std::exchange(input, "")) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte == 0x5B) answer.push_back(static_cast<char>(on));
      if (byte >= 0x65 && byte <= 0x6C) on |= 1U << (byte - 0x65);
      if (byte >= 0x6F && byte <= 0x76) on &= ~(1U << (byte - 0x6F));
      EXPECT_NE(byte, 0x64) << "switches all relays";
      EXPECT_NE(byte, 0x6E) << "switches all relays";
    }
    return answer;
  }
};

template <class Model>
class SerialRelay : public testing::Test {
 protected:
  SerialRelay() { board.attach(); }
  ~SerialRelay() override { board.detach(); }
  std::filesystem::path link() const { return folder.path() / "ttyRELAY"; }
  std::unique_ptr<abilities::Device> make(const std::string& kind, json params) {
    params["path"] = link().string();
    auto made = make_driver({kind, params.dump(), folder.path(), nullptr});
    EXPECT_TRUE(made) << error_of(made);
    return made ? std::move(*made) : nullptr;
  }
  // `said` with the port's name for a '*'.
  std::string with_port(std::string said) const {
    return said.replace(said.find('*'), 1, link().string());
  }

  TempFolder folder = TempFolder::make("assay-relay-").value();
  Model board{folder.path() / "ttyRELAY"};
  const Order order{1, Wait::for_(60s)};
};

using LcusTest = SerialRelay<Lcus>;
using NumatoTest = SerialRelay<Numato>;
using DevantechTest = SerialRelay<Devantech>;

TEST_F(LcusTest, SwitchesWhatCannotBeRead) {
  const auto relay = make("lcus-serial", {{"channel", 2}});
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(relay->power()->is_on(order).value(), std::nullopt);
  EXPECT_EQ(relay->check("power", order).value(), abilities::Health::unproven);
  ASSERT_TRUE(make("lcus-serial", {{"channel", 1}, {"readback", "check"}})->power()->off(order));
  EXPECT_EQ(board.heard(), std::string("\xA0\2\1\xA3"
                                       "\xA0\1\0\xA1"
                                       "\xA0\1\5\xA6",
                                       12));
  EXPECT_EQ(relay->about("power"), with_port("LCUS relay 2 at *"));
}

TEST_F(LcusTest, ReadsBackInEitherForm) {
  for (const char* form : {"check", "list"}) {
    const auto relay = make("lcus-serial", {{"channel", 3}, {"readback", form}});
    ASSERT_TRUE(relay->power()->on(order)) << form;
    EXPECT_EQ(relay->power()->is_on(order).value(), true);
    EXPECT_EQ(board.on, (std::array{false, false, true, false}));
    ASSERT_TRUE(relay->power()->off(order)) << form;
    EXPECT_EQ(relay->power()->is_on(order).value(), false);
  }
}

TEST_F(LcusTest, AGarbledAnswerIsNoState) {
  const auto relay = make("lcus-serial", {{"channel", 1}, {"readback", "check"}});
  board.garble("?");
  EXPECT_TRUE(relay->power()->on(order));  // by its second try
  board.cut_answers(3);
  EXPECT_EQ(error_of(relay->power()->is_on(order)),
            with_port("LCUS relay 1: *: the answer broke off after 3 bytes"));
  board.cut_answers(-1);
  const auto list = make("lcus-serial", {{"channel", 7}, {"readback", "list"}});
  EXPECT_EQ(error_of(list->power()->is_on(order)),
            "LCUS relay 7: the board lists its relays, and this is none of them");
}

TEST_F(NumatoTest, SwitchesAndReadsBack) {
  const auto relay = make("numato", {{"channel", 10}, {"id", "LAB-0007"}});
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(board.on, "A");
  EXPECT_EQ(relay->check("power", order).value(), abilities::Health::proven);
  ASSERT_TRUE(relay->power()->off(order));
  EXPECT_EQ(relay->power()->is_on(order).value(), false);
}

TEST_F(NumatoTest, BoardsOf64HaveOtherNames) {
  const auto relay = make("numato", {{"channel", 7}, {"channels", 64}});
  // The model knows one digit only.
  EXPECT_EQ(error_of(relay->power()->on(order)), "Numato relay 7: answers 'Error'");
  EXPECT_THAT(board.heard(), HasSubstr("relay on 07\r"));
}

TEST_F(NumatoTest, FindsItsPlaceAgain) {
  const auto relay = make("numato", {{"channel", 0}});
  board.garble("f\n\r>on\n\r>");  // of somebody who was killed before it came
  ASSERT_TRUE(relay->power()->on(order));
  ASSERT_TRUE(relay->power()->off(order));
  board.garble(">>");
  EXPECT_EQ(relay->power()->is_on(order).value(), false);
}

TEST_F(NumatoTest, AnotherBoardIsRefused) {
  const auto relay = make("numato", {{"channel", 0}, {"id", "LAB-0008"}});
  const auto on = relay->power()->on(order);
  EXPECT_EQ(cause_of(on), Cause::device);
  EXPECT_EQ(error_of(on),
            "Numato relay 0: this is board 'LAB-0007', not 'LAB-0008': see which cable is where");
  EXPECT_EQ(board.on, "");
}

TEST_F(NumatoTest, NoAnswerIsTriedAgainThenTold) {
  const auto relay = make("numato", {{"channel", 0}});
  board.swallow(2);
  EXPECT_EQ(relay->power()->is_on(order).value(), false);
  board.swallow(100);
  const auto on = relay->power()->on(order);
  EXPECT_EQ(cause_of(on), Cause::device);
  EXPECT_EQ(error_of(on), with_port("Numato relay 0: *: no answer within 1 s"));
  const auto late = relay->power()->on({1, Wait::for_(20ms)});
  EXPECT_EQ(cause_of(late), Cause::timeout);
}

TEST_F(DevantechTest, SwitchesItsRelayAlone) {
  board.on = 0x81;
  const auto relay = make("devantech", {{"channel", 4}});
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(board.on, 0x89U);
  EXPECT_EQ(relay->power()->is_on(order).value(), true);
  ASSERT_TRUE(relay->power()->off(order));
  EXPECT_EQ(board.on, 0x81U);
  EXPECT_EQ(make("devantech", {{"channel", 8}})->power()->is_on(order).value(), true);
}

TEST_F(DevantechTest, ALateAnswerIsNotTakenForThisOne) {
  board.on = 0x08;
  const auto relay = make("devantech", {{"channel", 4}});
  board.garble(std::string(1, '\0'));
  EXPECT_EQ(relay->power()->is_on(order).value(), true);
}

TEST_F(DevantechTest, GoesInTheMiddleAndComesBack) {
  const auto relay = make("devantech", {{"channel", 1}});
  board.vanish();
  EXPECT_EQ(error_of(relay->power()->is_on(order)),
            with_port("Devantech relay 1: *: No such file or directory"));
  board.detach();
  board.attach();
  EXPECT_TRUE(relay->power()->on(order));
  EXPECT_EQ(board.on, 1U);
}

// As the hosts of two boards on one relay board.
TEST_F(DevantechTest, OneTalksAfterTheOther) {
  std::vector<std::jthread> hosts;
  for (int channel = 1; channel <= 8; ++channel) {
    hosts.emplace_back([this, channel] {
      const auto relay = make("devantech", {{"channel", channel}});
      for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(relay->power()->on(order));
        EXPECT_TRUE(relay->power()->off(order));
      }
      EXPECT_TRUE(relay->power()->on(order));
    });
  }
  hosts.clear();
  EXPECT_EQ(board.on, 0xFFU);
}

TEST_F(DevantechTest, WaitsForTheOtherUntilItsDeadline) {
  const auto relay = make("devantech", {{"channel", 1}});
  {
    const auto other = PortLock::take(link(), order.wait);
    ASSERT_TRUE(other);
    EXPECT_EQ(cause_of(relay->power()->on({1, Wait::for_(20ms)})), Cause::timeout);
  }
  EXPECT_TRUE(relay->power()->on(order));
}

TEST_F(DevantechTest, APortOfSomebodyElse) {
  const UniqueFd other(open(link().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_EQ(flock(other.get(), LOCK_EX), 0);
  const auto on = make("devantech", {{"channel", 1}})->power()->on(order);
  EXPECT_EQ(cause_of(on), Cause::device);
  EXPECT_EQ(error_of(on), with_port("Devantech relay 1: *: another process has it open"));
}

TEST(SerialRelays, RefuseSettingsThatCannotWork) {
  const auto refusal = [](const std::string& kind, const json& params) {
    return error_of(make_driver({kind, params.dump(), "/nowhere", nullptr}));
  };
  EXPECT_EQ(refusal("devantech", {{"channel", 1}}),
            "driver devantech: 'path' is missing: the port's device");
  EXPECT_EQ(refusal("devantech", {{"path", "/dev/x"}, {"channel", 0}}),
            "driver devantech: 'channel' must be from 1 to 8");
  EXPECT_EQ(refusal("numato", {{"path", "/dev/x"}, {"channel", 8}, {"channels", 8}}),
            "driver numato: 'channel' must be from 0 to 7");
  EXPECT_EQ(refusal("lcus-serial", {{"path", "/dev/x"}, {"channel", 1}, {"readback", "yes"}}),
            "driver lcus-serial: 'readback' must be none, check or list");
}

}  // namespace
}  // namespace assay::drivers
