#include "drivers/console/telnet_codec.hpp"

#include "base/result.hpp"

namespace assay::drivers {

namespace {

constexpr std::size_t longest_inside = 1024;

}  // namespace

Result<> TelnetCodec::decode(ByteView bytes, const PushBytes& push, Bytes& reply) {
  Bytes out;
  for (const std::uint8_t byte : bytes) {
    switch (state_) {
      case State::data:
        if (byte == iac) {
          state_ = State::command;
        } else {
          data(byte, out);
        }
        break;
      case State::command:
        state_ = State::data;
        if (byte == iac) {
          data(byte, out);
        } else if (byte >= will) {
          verb_ = byte;
          state_ = State::option;
        } else if (byte == sb) {
          inside_.clear();
          state_ = State::inside;
        }  // the rest, as a request for an interrupt, means nothing to a console
        break;
      case State::option:
        state_ = State::data;
        TRY(obey(byte, reply));
        break;
      case State::inside:
      case State::inside_command:
        TRY(inside(byte, reply));
        break;
    }
  }
  if (!out.empty()) push(out);
  return {};
}

// In the network's own form a carriage return comes with a line feed or a zero.
void TelnetCodec::data(std::uint8_t byte, Bytes& out) {
  const bool filler = after_cr_ && byte == 0 && !theirs_[binary];
  after_cr_ = byte == '\r';
  if (!filler) out.push_back(byte);
}

Result<> TelnetCodec::inside(std::uint8_t byte, Bytes& reply) {
  if (state_ == State::inside && byte == iac) {
    state_ = State::inside_command;
  } else if (state_ == State::inside_command && byte == se) {
    state_ = State::data;
    if (inside_.empty()) return {};
    const ByteView all = inside_;
    return told_inside(all[0], all.subspan(1), reply);
  } else {
    state_ = State::inside;
    if (inside_.size() == longest_inside) {
      return fail(Cause::device, "what it says is no telnet: is it a plain TCP port?");
    }
    inside_.push_back(byte);
  }
  return {};
}

Result<> TelnetCodec::obey(std::uint8_t option, Bytes& reply) {
  const bool of_ours = verb_ == do_ || verb_ == dont;
  const bool on = verb_ == do_ || verb_ == will;
  auto& options = of_ours ? ours_ : theirs_;
  const bool agreeable =
      option == binary || option == go_ahead || (option == echo && !of_ours) || options[option];
  // An answer only to what changes something, or to what is refused (RFC 1143).
  if (on && !agreeable) {
    reply.insert(reply.end(), {iac, of_ours ? wont : dont, option});
  } else if (on != options[option]) {
    options[option] = on;
    reply.insert(reply.end(), {iac, of_ours ? (on ? will : wont) : (on ? do_ : dont), option});
  }
  return told(verb_, option, reply);
}

void TelnetCodec::offer(std::uint8_t option, Bytes& out) {
  ours_[option] = true;
  out.insert(out.end(), {iac, will, option});
}

void TelnetCodec::ask(std::uint8_t option, Bytes& out) {
  theirs_[option] = true;
  out.insert(out.end(), {iac, do_, option});
}

Bytes TelnetCodec::encode(ByteView bytes) const {
  Bytes out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out.push_back(bytes[i]);
    if (bytes[i] == iac) out.push_back(iac);
    const bool line_end = i + 1 < bytes.size() && bytes[i + 1] == '\n';
    if (bytes[i] == '\r' && !line_end && !ours_[binary]) out.push_back(0);
  }
  return out;
}

}  // namespace assay::drivers
