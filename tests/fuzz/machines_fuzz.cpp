// What QEMU says by QMP and by its gdb stub, and then its sockets close.
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "protocols/gdb.hpp"
#include "protocols/qmp.hpp"

using namespace assay;

namespace {

// A socket from which the bytes can be read, and then the end.
UniqueFd saying(ByteView bytes) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return {};
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  const auto most = std::min<std::size_t>(bytes.size(), 64 << 10);  // what a socket holds
  (void)!::send(theirs.get(), bytes.data(), most, MSG_DONTWAIT | MSG_NOSIGNAL);
  return ours;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Wait wait = Wait::for_(std::chrono::seconds(1));
  if (auto qmp = qmp::Client::greet(saying({data, size}), wait)) {
    (void)qmp->execute("query-status", nlohmann::json::object(), wait);
    (void)qmp->await_event("STOP", wait);
  }
  if (auto gdb = gdb::Client::attach(saying({data, size}), wait)) {
    (void)gdb->read(0, 16, wait);
    (void)gdb->stop_reason(wait);
  }
  return 0;
}

std::vector<std::string> fuzz::seeds() {
  const std::string greeting =
      R"({"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": []}})";
  const std::string taken = R"({"return": {}, "id": "1"})";
  return {
      greeting + "\r\n" + taken + "\r\n" + R"({"event": "STOP", "timestamp": {}})" + "\r\n" +
          R"({"return": {"running": true}, "id": "2"})" + "\r\n",
      greeting + "\n" + R"({"error": {"class": "GenericError", "desc": "no"}, "id": "1"})" + "\n",
      "+$S05#b8", "+$T05thread:01;#07+$0011223344556677#aa+$E01#a6", "+$S05#b8+$0*\"00#aa+$S05#b8"};
}
