// A live stream as a reader sees it.
#pragma once

#include <nlohmann/json.hpp>

#include "fixture.hpp"

namespace assay::web::test {

struct Said {
  std::string id, name;
  nlohmann::json data;
};

class Stream {
 public:
  Stream(std::uint16_t port, const std::string& target, const std::string& more = "")
      : client_(port) {
    client_.ask(target, more);
    head = client_.answer(false);
  }
  // Without a name: the stream has ended.
  Said next() {
    while (true) {
      std::string text = client_.until("\n\n");
      if (text.empty()) return {};
      bytes += text.size();
      Said said;
      if (text.starts_with(":")) {
        ++pings;
        continue;
      }
      if (text.starts_with("id: ")) {
        said.id = text.substr(4, text.find('\n') - 4);
        text.erase(0, text.find('\n') + 1);
      }
      EXPECT_TRUE(text.starts_with("event: ")) << text;
      const auto line = text.find('\n');
      said.name = text.substr(7, line - 7);
      EXPECT_EQ(text.substr(line + 1, 6), "data: ");
      said.data = nlohmann::json::parse(text.substr(line + 7));
      return said;
    }
  }
  Said next(const std::string& name) {
    while (true) {
      Said said = next();
      if (said.name.empty() || said.name == name) return said;
    }
  }
  std::string rest() { return client_.rest(); }

  Answered head;
  int pings = 0;
  std::size_t bytes = 0;  // of events

 private:
  Client client_;
};

}  // namespace assay::web::test
