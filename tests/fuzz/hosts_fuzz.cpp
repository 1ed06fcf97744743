// What the agent and a device host say to each other: either may be broken.
#include "fuzz.hpp"
#include "hosts/protocol.hpp"

using namespace assay;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hosts::Decoder host;
  hosts::Decoder agent;
  host.feed({data, size});
  agent.feed({data, size});
  for (auto message = host.next_to_host(); message && *message;) message = host.next_to_host();
  for (auto message = agent.next_to_agent(); message && *message;) message = agent.next_to_agent();
  return 0;
}

std::vector<std::string> fuzz::seeds() {
  std::vector<std::string> all;
  const auto add = [&](Result<Bytes> bytes) { all.emplace_back(as_text(bytes.value())); };
  add(hosts::encode(hosts::ToHost(hosts::Configure{"b1", "power", "command", "{}", "/tmp", 3})));
  add(hosts::encode(hosts::ToHost(hosts::Request{
      7, "flash", "write", {{"file", "image.bin"}, {"address", 4096}}, 2, 2, 1'000'000})));
  add(hosts::encode(hosts::ToAgent(hosts::Reply{7, hosts::Json(true)})));
  add(hosts::encode(hosts::ToAgent(hosts::Reply{7, fail(Cause::device, "no answer")})));
  add(hosts::encode(hosts::ToAgent(abilities::ConsoleChunk{BootTime::now(), Bytes(80, 'x')})));
  add(hosts::encode(
      hosts::ToAgent(abilities::Incident{abilities::Incident::Kind::guest_fault, "lockup"})));
  return all;
}
