#include "virtual_usb/usbip.hpp"

#include <arpa/inet.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "virtual_usb/descriptors.hpp"

namespace assay::virtual_usb {

// 48 bytes, numbers in big-endian order.
struct Usbip::Header {
  std::uint32_t command, number, device, to_host, endpoint;
  // Submit: flags, length, frame, packets, interval. Its answer: status, length.
  // Unlink: the number of the other one. Its answer: status.
  std::array<std::uint32_t, 5> words;
  std::array<std::uint8_t, 8> setup;
};

namespace {

enum Command : std::uint32_t {
  submit_command = 1,
  unlink_command = 2,
  submit_answer = 3,
  unlink_answer = 4
};
constexpr std::uint32_t last_endpoint = 15;
constexpr std::size_t longest = 1 << 20;

std::uint32_t status(int negative_errno) {
  return htonl(static_cast<std::uint32_t>(negative_errno));
}

// False: it hung up before the first byte.
Result<bool> read_all(int fd, std::span<std::uint8_t> into, const Wait& wait) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got = TRY(read_some(fd, into.subspan(done), wait));
    if (got == 0 && done == 0) return false;
    if (got == 0) return fail(Cause::io, "USB over IP: it broke off within a message");
    done += got;
  }
  return true;
}

}  // namespace

Usbip::Usbip(std::shared_ptr<Model> model, std::shared_ptr<std::recursive_mutex> models,
             UniqueFd socket)
    : model_(std::move(model)),
      models_(std::move(models)),
      socket_(std::move(socket)),
      woken_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  model_->on_wake([fd = woken_.get()] { eventfd_write(fd, 1); });
}

Usbip::~Usbip() {
  model_->on_wake(nullptr);
}

Result<> Usbip::serve(const Wait& wait) {
  for (;;) {
    std::array<pollfd, 2> fds{{{socket_.get(), POLLIN, 0}, {woken_.get(), POLLIN, 0}}};
    TRY(wait_ready(fds, wait));
    eventfd_t ignored = 0;
    if (fds[1].revents != 0) eventfd_read(woken_.get(), &ignored);
    if (fds[0].revents != 0 && !TRY(next(wait))) return {};
    TRY(ask(wait));
  }
}

Result<bool> Usbip::next(const Wait& wait) {
  Header header{};
  static_assert(sizeof header == 48);
  const std::span bytes(reinterpret_cast<std::uint8_t*>(&header), sizeof header);
  if (!TRY(read_all(socket_.get(), bytes, wait))) return false;
  for (auto* word : {&header.command, &header.number, &header.to_host, &header.endpoint})
    *word = ntohl(*word);
  for (auto& word : header.words) word = ntohl(word);
  switch (header.command) {
    case submit_command:
      TRY(submit(header, wait));
      return true;
    case unlink_command:
      TRY(unlink(header, wait));
      return true;
    default:
      return fail(Cause::io, "USB over IP: there is no command {}", header.command);
  }
}

Result<> Usbip::submit(const Header& header, const Wait& wait) {
  const bool in = header.to_host != 0;
  const std::size_t length = header.words[1];
  if (header.endpoint > last_endpoint || length > longest)
    return fail(Cause::io, "USB over IP: a transfer of {} bytes by endpoint {}", length,
                header.endpoint);
  const auto& s = header.setup;
  const auto word = [&](std::size_t at) {
    return static_cast<std::uint16_t>(s[at] | s[at + 1] << 8);
  };
  Submitted now{.number = header.number,
                .endpoint = static_cast<std::uint8_t>(header.endpoint |
                                                      (in && header.endpoint != 0 ? 0x80U : 0U)),
                .length = length,
                .setup = {s[0], s[1], word(2), word(4), word(6)}};
  if (!in) {
    now.out.resize(length);
    if (length > 0 && !TRY(read_all(socket_.get(), now.out, wait)))
      return fail(Cause::io, "USB over IP: it broke off within a message");
  }
  pending_.push_back(std::move(now));
  return {};
}

Result<> Usbip::unlink(const Header& header, const Wait& wait) {
  const auto was =
      std::erase_if(pending_, [&](const Submitted& one) { return one.number == header.words[0]; });
  Header reply{};
  reply.command = htonl(unlink_answer);
  reply.number = htonl(header.number);
  reply.words[0] = status(was != 0 ? -ECONNRESET : 0);  // 0: it was answered before
  return write_all(socket_.get(), {reinterpret_cast<std::uint8_t*>(&reply), sizeof reply}, wait);
}

// Each endpoint answers its transfers in order.
Result<> Usbip::ask(const Wait& wait) {
  for (bool more = true; more;) {
    more = false;
    std::set<std::uint8_t> busy;
    for (auto it = pending_.begin(); it != pending_.end();) {
      if (busy.contains(it->endpoint)) {
        ++it;
        continue;
      }
      const Answer given = transfer(*it);
      if (given.kind == Answer::Kind::later) {
        busy.insert(it++->endpoint);
        continue;
      }
      const Submitted over = std::move(*it);
      it = pending_.erase(it);
      TRY(answer(over, given, wait));
      // An endpoint that had nothing may have by this.
      more = !pending_.empty();
    }
  }
  return {};
}

Answer Usbip::transfer(const Submitted& it) {
  const std::lock_guard lock(*models_);
  if (it.endpoint == 0) return control_transfer(*model_, it.setup, it.out);
  if ((it.endpoint & 0x80) != 0) return model_->in(it.endpoint, it.length);
  return model_->out(it.endpoint, it.out);
}

Result<> Usbip::answer(const Submitted& it, const Answer& given, const Wait& wait) {
  const bool done = given.kind == Answer::Kind::done;
  const bool in = it.endpoint == 0 ? it.setup.to_host() : (it.endpoint & 0x80) != 0;
  const auto size = !done ? 0 : in ? std::min(given.bytes.size(), it.length) : it.out.size();
  Header reply{};
  reply.command = htonl(submit_answer);
  reply.number = htonl(it.number);
  reply.words[0] = status(done ? 0 : -EPIPE);
  reply.words[1] = htonl(static_cast<std::uint32_t>(size));
  Bytes message(sizeof reply);
  std::memcpy(message.data(), &reply, sizeof reply);
  if (in)
    message.insert(message.end(), given.bytes.begin(),
                   given.bytes.begin() + static_cast<std::ptrdiff_t>(size));
  return write_all(socket_.get(), message, wait);
}

}  // namespace assay::virtual_usb
