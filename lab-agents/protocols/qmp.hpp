// A client of QEMU's machine protocol (QMP): JSON lines over a stream socket.
//
// Blocking; not thread-safe. Events that arrive meanwhile are kept (the last 256)
// for await_event(). Errors: Cause::device for what QEMU refuses ("qmp memsave:
// ...") or when it closed the connection.
// Source: QEMU, docs/interop/qmp-spec.txt.
#pragma once

#include <cstdint>
#include <deque>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace assay::qmp {

class Client {
 public:
  // Over a connected socket: takes the greeting and leaves negotiation mode.
  static Result<Client> greet(UniqueFd, const Wait&);

  // `arguments`: a JSON object; the value of "return".
  Result<nlohmann::json> execute(std::string_view command, const nlohmann::json& arguments,
                                 const Wait&);
  Result<> execute(std::string_view command, const Wait&);
  // Until an event of that name arrives or is among the kept ones.
  Result<> await_event(std::string_view name, const Wait&);
  void forget_events() { events_.clear(); }

 private:
  explicit Client(UniqueFd fd) : fd_(std::move(fd)) {}
  Result<nlohmann::json> receive(const Wait&);
  void keep(const nlohmann::json& event);

  UniqueFd fd_;
  std::string buffer_;
  std::deque<std::string> events_;
  std::uint64_t next_id_ = 1;
};

}  // namespace assay::qmp
