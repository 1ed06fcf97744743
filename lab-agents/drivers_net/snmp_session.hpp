// One SNMP agent, asked and told one integer at a time, by net-snmp: versions 2c and 3
// (SHA-1 and AES-128, as far as secrets are given). For single-threaded programs; reads
// no configuration and no MIBs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace assay::drivers {

struct SnmpTarget {
  std::string place;  // "pdu.lab:161": for net-snmp and for people
  bool version_3 = false;
  std::string community = {};  // 2c
  std::string user = {}, authentication = {}, privacy = {};
  Duration timeout = std::chrono::seconds(5);  // of a request with its two repetitions
};

class SnmpSession {
 public:
  using Oid = std::vector<unsigned long>;
  using Value = std::variant<std::int64_t, std::string>;

  // Cause::device when the agent cannot be reached at all. Version 3 asks who it is
  // at once, and waits for that whatever the caller's stop.
  static Result<std::unique_ptr<SnmpSession>> open(const SnmpTarget&);
  SnmpSession(const SnmpSession&) = delete;
  SnmpSession& operator=(const SnmpSession&) = delete;
  ~SnmpSession();

  // Cause::device when there is no such object, it is of another type, may not be
  // written, or nobody answers: an agent does not answer to a wrong community.
  Result<Value> get(const Oid&, const Wait&);
  Result<> set(const Oid&, std::int64_t value, const Wait&);

 private:
  struct Handle;
  explicit SnmpSession(SnmpTarget);
  Result<Value> ask(void* pdu, const Oid&, const Wait&);
  [[nodiscard]] tl::unexpected<Error> silence() const;

  const SnmpTarget target_;
  std::unique_ptr<Handle> handle_;
};

// ".1.3.6.1.2.1" and "1.3.6.1.2.1"; Cause::invalid otherwise.
Result<SnmpSession::Oid> parse_oid(const std::string&);
std::string to_string(const SnmpSession::Oid&);

}  // namespace assay::drivers
