#include "drivers_net/snmp_session.hpp"

#include <net-snmp/net-snmp-config.h>
// Before the rest of net-snmp.
#include <net-snmp/net-snmp-includes.h>
// After it.
#include <net-snmp/library/large_fd_set.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace assay::drivers {

namespace {

constexpr int repetitions = 2;
constexpr std::size_t longest_oid = 128;  // RFC 3416

void start_net_snmp() {
  static const bool started = [] {
    setenv("MIBS", "", 1);
    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);  // or it writes to stderr
    // It makes folders for certificates, wherever it is told that its state is.
    char nowhere[] = "/dev/null/none";
    set_persistent_directory(nowhere);
    for (const int setting :
         {NETSNMP_DS_LIB_DONT_READ_CONFIGS, NETSNMP_DS_LIB_DISABLE_CONFIG_LOAD,
          NETSNMP_DS_LIB_DONT_PERSIST_STATE, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD,
          NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE}) {
      netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, setting, 1);
    }
    init_snmp("assay");
    return true;
  }();
  static_cast<void>(started);
}

// The library goes on with the first secret that it was given for a user.
void forget(const std::string& user) {
  usmUser* next = nullptr;
  for (auto* known = usm_get_userList(); known != nullptr; known = next) {
    next = known->next;
    if (known->secName == nullptr || user != known->secName) continue;
    usm_remove_user(known);
    usm_free_user(known);
  }
}

bool make_key(const std::string& secret, unsigned char* key, std::size_t* size) {
  if (secret.size() < USM_LENGTH_P_MIN) return false;
  return generate_Ku(usmHMACSHA1AuthProtocol, USM_AUTH_PROTO_SHA_LEN,
                     reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), key,
                     size) == SNMPERR_SUCCESS;
}

}  // namespace

struct SnmpSession::Handle {
  void* session = nullptr;
  // What came of the latest request, once something has.
  std::optional<Result<Value>> answer;
  bool silent = false;
  std::string asked;

  ~Handle() {
    if (session != nullptr) snmp_sess_close(session);
  }

  tl::unexpected<Error> refusal(const std::string& why) const {
    return fail(Cause::device, "{}: {}", asked, why);
  }

  Result<Value> value(const netsnmp_variable_list& found) const {
    switch (found.type) {
      case ASN_INTEGER:
        return Value(static_cast<std::int64_t>(*found.val.integer));
      case ASN_GAUGE:
      case ASN_COUNTER:
        return Value(static_cast<std::int64_t>(static_cast<std::uint32_t>(*found.val.integer)));
      case ASN_OCTET_STR:
        return Value(std::string(reinterpret_cast<const char*>(found.val.string), found.val_len));
      case SNMP_NOSUCHOBJECT:
      case SNMP_NOSUCHINSTANCE:
      case SNMP_ENDOFMIBVIEW:
        return refusal("the agent has no such object");
      default:
        return refusal(fmt::format("is of a type that is no number (0x{:02x})", found.type));
    }
  }

  Result<Value> judge(netsnmp_pdu& pdu) const {
    if (pdu.command == SNMP_MSG_REPORT) {
      return refusal(snmp_api_errstring(snmpv3_get_report_type(&pdu)));
    }
    if (pdu.errstat != SNMP_ERR_NOERROR) {
      return refusal(snmp_errstring(static_cast<int>(pdu.errstat)));
    }
    if (pdu.variables == nullptr) return refusal("the agent answers nothing");
    return value(*pdu.variables);
  }

  static int take(int what, netsnmp_session*, int, netsnmp_pdu* pdu, void* self) {
    auto& handle = *static_cast<Handle*>(self);
    if (what == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu != nullptr) {
      handle.answer = handle.judge(*pdu);
    } else if (what == NETSNMP_CALLBACK_OP_TIMED_OUT) {
      handle.silent = true;
    } else if (what != NETSNMP_CALLBACK_OP_RESEND) {
      handle.answer =
          handle.refusal(what == NETSNMP_CALLBACK_OP_SEC_ERROR ? "the user or a secret is wrong"
                                                               : "the request could not be sent");
    }
    return 1;
  }
};

Result<std::unique_ptr<SnmpSession>> SnmpSession::open(const SnmpTarget& target) {
  start_net_snmp();
  std::unique_ptr<SnmpSession> made(new SnmpSession(target));
  auto community = target.community, user = target.user;
  std::string peer = "udp:" + target.place;
  if (target.place.starts_with('[')) peer = "udp6:" + target.place;
  netsnmp_session session;
  snmp_sess_init(&session);
  session.peername = peer.data();
  session.retries = repetitions;
  session.timeout = static_cast<long>(
      std::chrono::duration_cast<std::chrono::microseconds>(target.timeout).count() /
      (repetitions + 1));
  if (!target.version_3) {
    session.version = SNMP_VERSION_2c;
    session.community = reinterpret_cast<unsigned char*>(community.data());
    session.community_len = community.size();
  } else {
    forget(user);
    session.version = SNMP_VERSION_3;
    session.securityName = user.data();
    session.securityNameLen = user.size();
    session.securityLevel = target.authentication.empty() ? SNMP_SEC_LEVEL_NOAUTH
                            : target.privacy.empty()      ? SNMP_SEC_LEVEL_AUTHNOPRIV
                                                          : SNMP_SEC_LEVEL_AUTHPRIV;
    session.securityAuthProto = usmHMACSHA1AuthProtocol;
    session.securityAuthProtoLen = USM_AUTH_PROTO_SHA_LEN;
    session.securityAuthKeyLen = USM_AUTH_KU_LEN;
    session.securityPrivProto = usmAESPrivProtocol;
    session.securityPrivProtoLen = USM_PRIV_PROTO_AES_LEN;
    session.securityPrivKeyLen = USM_PRIV_KU_LEN;
    const bool keys =
        (target.authentication.empty() ||
         make_key(target.authentication, session.securityAuthKey, &session.securityAuthKeyLen)) &&
        (target.privacy.empty() ||
         make_key(target.privacy, session.securityPrivKey, &session.securityPrivKeyLen));
    if (!keys) {
      return fail(Cause::device, "{}: a password or privacy secret has less than 8 characters",
                  target.place);
    }
  }
  made->handle_ = std::make_unique<Handle>();
  made->handle_->session = snmp_sess_open(&session);
  if (made->handle_->session != nullptr) return made;
  if (session.s_snmp_errno == SNMPERR_TIMEOUT) return made->silence();
  return fail(Cause::device, "{}: {}", target.place, snmp_api_errstring(session.s_snmp_errno));
}

SnmpSession::SnmpSession(SnmpTarget target) : target_(std::move(target)) {}
SnmpSession::~SnmpSession() = default;

tl::unexpected<Error> SnmpSession::silence() const {
  return fail(Cause::device, "{}: no answer within {}: see its address{}", target_.place,
              human(target_.timeout),
              target_.version_3 ? " and whether it speaks version 3" : " and the community");
}

Result<SnmpSession::Value> SnmpSession::ask(void* request, const Oid& oid, const Wait& wait) {
  auto* pdu = static_cast<netsnmp_pdu*>(request);
  Handle& handle = *handle_;
  handle.answer.reset();
  handle.silent = false;
  handle.asked = fmt::format("{}, object {}", target_.place, to_string(oid));
  if (snmp_sess_async_send(handle.session, pdu, &Handle::take, &handle) == 0) {
    const auto* session = snmp_sess_session(handle.session);
    const int error = session->s_snmp_errno;
    snmp_free_pdu(pdu);
    return handle.refusal(snmp_api_errstring(error));
  }
  while (!handle.answer && !handle.silent) {
    netsnmp_large_fd_set fds;
    netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
    timeval left{};
    int count = 0, for_ever = 1;
    snmp_sess_select_info2(handle.session, &count, &fds, &left, &for_ever);
    auto limit = wait;
    if (for_ever == 0) {
      limit =
          wait.at_most(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec));
    }
    const auto ready = wait_readable(snmp_sess_transport(handle.session)->sock, limit);
    if (ready) {
      snmp_sess_read2(handle.session, &fds);
    } else if (ready.error().cause == Cause::timeout && !wait.until.passed()) {
      snmp_sess_timeout(handle.session);
    }
    netsnmp_large_fd_set_cleanup(&fds);
    const bool ends = !ready && (ready.error().cause != Cause::timeout || wait.until.passed());
    if (ends) return tl::unexpected(ready.error());
  }
  if (handle.silent) return silence();
  return *handle.answer;
}

Result<SnmpSession::Value> SnmpSession::get(const Oid& oid, const Wait& wait) {
  netsnmp_pdu* pdu = snmp_pdu_create(SNMP_MSG_GET);
  snmp_add_null_var(pdu, oid.data(), oid.size());
  return ask(pdu, oid, wait);
}

Result<> SnmpSession::set(const Oid& oid, std::int64_t value, const Wait& wait) {
  netsnmp_pdu* pdu = snmp_pdu_create(SNMP_MSG_SET);
  const long number = static_cast<long>(value);
  snmp_pdu_add_variable(pdu, oid.data(), oid.size(), ASN_INTEGER, &number, sizeof number);
  TRY(ask(pdu, oid, wait));
  return {};
}

Result<SnmpSession::Oid> parse_oid(const std::string& text) {
  SnmpSession::Oid oid;
  const std::string_view numbers = std::string_view(text).substr(text.starts_with('.') ? 1 : 0);
  for (const auto part : split(numbers, '.')) {
    std::uint32_t number = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), number);
    if (read.ec != std::errc() || read.ptr != part.data() + part.size() ||
        oid.size() == longest_oid) {
      return fail(Cause::invalid, "'{}' is no object's number: write one like 1.3.6.1.2.1.1.5.0",
                  printable(text));
    }
    oid.push_back(number);
  }
  return oid;
}

std::string to_string(const SnmpSession::Oid& oid) {
  std::string text;
  for (const auto number : oid) text += (text.empty() ? "" : ".") + std::to_string(number);
  return text;
}

}  // namespace assay::drivers
