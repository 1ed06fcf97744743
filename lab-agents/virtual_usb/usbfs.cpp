#include "virtual_usb/usbfs.hpp"

// Before usbdevice_fs.h, which uses its macros without including it.
#include <sys/ioctl.h>
// Then:
#include <linux/usbdevice_fs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "virtual_usb/descriptors.hpp"

namespace assay::virtual_usb {

namespace {

using Shared = std::shared_ptr<Usbfs>;

// In milliseconds. Under umockdev a device file is always ready, so that libusb asks
// again at once when nothing is over.
constexpr unsigned reap_patience = 1;
constexpr int quick_answers = 3;
// That a program has closed the device is noticed after it went on.
constexpr unsigned claim_patience = 50;
constexpr std::size_t setup_size = 8;

Shared& self_of(gpointer self) {
  return *static_cast<Shared*>(self);
}
void free_self(gpointer self) {
  delete static_cast<Shared*>(self);
}
void free_self_closure(gpointer self, GClosure*) {
  free_self(self);
}

void answer(UMockdevIoctlClient* client, int error) {
  umockdev_ioctl_client_complete(client, error == 0 ? 0 : -1, error);
}

SetupPacket setup_of(const std::uint8_t* b) {
  const auto word = [&](int at) { return static_cast<std::uint16_t>(b[at] | b[at + 1] << 8); };
  return {b[0], b[1], word(2), word(4), word(6)};
}

}  // namespace

UMockdevIoctlData* fetch(UMockdevIoctlData* from, std::size_t offset, std::size_t size) {
  GError* error = nullptr;
  auto* data = umockdev_ioctl_data_resolve(from, offset, size, &error);
  if (error != nullptr) g_error_free(error);
  return data;
}

Usbfs::Usbfs(std::shared_ptr<Model> model, int device, std::shared_ptr<std::recursive_mutex> models)
    : model_(std::move(model)), device_(device), models_(std::move(models)) {}

UMockdevIoctlBase* Usbfs::make_handler() {
  auto* handler = umockdev_ioctl_base_new();
  const auto on_ioctl = +[](UMockdevIoctlBase*, Client* client, gpointer self) -> gboolean {
    self_of(self)->handle(client);
    return TRUE;
  };
  g_signal_connect_data(handler, "handle-ioctl", G_CALLBACK(on_ioctl),
                        new Shared(shared_from_this()), free_self_closure, GConnectFlags{});
  model_->on_wake([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->post_ask_again();
  });
  return handler;
}

void Usbfs::unplug() {
  model_->on_wake(nullptr);
  const std::lock_guard lock(*models_);
  gone_ = true;
  post_ask_again();  // not now: the model itself may have asked for this
}

void Usbfs::handle(Client* client) {
  const std::lock_guard lock(*models_);
  if (context_ == nullptr) context_ = g_main_context_get_thread_default();
  if (clients_.try_emplace(client, 0).second) {
    const auto on_closed = +[](gpointer self, GObject* was) {
      self_of(self)->closed(was);
      free_self(self);
    };
    g_object_weak_ref(G_OBJECT(client), on_closed, new Shared(shared_from_this()));
  }
  const auto request = umockdev_ioctl_client_get_request(client);
  if (try_to_answer(client)) return;
  switch (request) {
    case USBDEVFS_SUBMITURB:
      return submit(client);
    case USBDEVFS_DISCARDURB:
      return discard(client);
    case USBDEVFS_GET_CAPABILITIES:
      argument<std::uint32_t>(client) = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_BULK_CONTINUATION |
                                        USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
                                        USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
      return answer(client, 0);
    case USBDEVFS_REAPURB:
      return wait(client, 0);
    case USBDEVFS_REAPURBNDELAY:
      // Without transfers of its own it is asked only because another one is waited for.
      if (!has_transfers(client) || clients_[client]-- > 0) return answer(client, EAGAIN);
      return wait(client, reap_patience);
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_DISCONNECT_CLAIM:
      ++contended_;
      return wait(client, claim_patience);
    case USBDEVFS_RELEASEINTERFACE:
      return answer(client, release(client, argument<unsigned>(client)));
    case USBDEVFS_GETDRIVER: {
      auto& asked = argument<usbdevfs_getdriver>(client);
      const std::string driver = driver_of(asked.interface);
      std::strncpy(asked.driver, driver.c_str(), sizeof asked.driver - 1);
      return answer(client, driver.empty() ? ENODATA : 0);
    }
    case USBDEVFS_CONTROL:
      return answer_control(client);
    case USBDEVFS_CONNECTINFO: {
      auto& asked = argument<usbdevfs_connectinfo>(client);
      asked.devnum = static_cast<unsigned>(device_);
      asked.slow = model_->facts().megabits < 12;
      return answer(client, 0);
    }
    case USBDEVFS_GET_SPEED: {
      const int megabits = model_->facts().megabits;  // of enum usb_device_speed
      const long speed = megabits < 12 ? 1 : megabits < 480 ? 2 : megabits < 5000 ? 3 : 5;
      return umockdev_ioctl_client_complete(client, speed, 0);
    }
    case USBDEVFS_IOCTL:
      return answer(client, driver_ioctl(client));
    case USBDEVFS_SETINTERFACE: {
      const auto& asked = argument<usbdevfs_setinterface>(client);
      model_->choose(static_cast<std::uint8_t>(asked.interface),
                     static_cast<std::uint8_t>(asked.altsetting));
      return answer(client, 0);
    }
    case USBDEVFS_CLEAR_HALT:
    case USBDEVFS_RESETEP:
    case USBDEVFS_SETCONFIGURATION:
    case USBDEVFS_RESET:
      return answer(client, 0);
    default:
      return answer(client, ENOTTY);
  }
}

void Usbfs::submit(Client* client) {
  Transfer transfer{client, fetch(umockdev_ioctl_client_get_arg(client), 0, sizeof(usbdevfs_urb)),
                    nullptr};
  if (transfer.block == nullptr) return answer(client, EFAULT);
  const auto& urb = *reinterpret_cast<usbdevfs_urb*>(transfer.block->data);
  if (urb.buffer_length > 0)
    transfer.buffer = fetch(transfer.block, offsetof(usbdevfs_urb, buffer),
                            static_cast<std::size_t>(urb.buffer_length));
  const bool whole = transfer.buffer != nullptr || urb.buffer_length == 0;
  if (const int error = whole ? may_use(client, transfer) : EFAULT; error != 0) {
    let_go(transfer);
    return answer(client, error);
  }
  transfers_.push_back(transfer);
  answer(client, 0);
  ask_again();
}

void Usbfs::let_go(const Transfer& transfer) {
  g_object_unref(transfer.block);
  if (transfer.buffer != nullptr) g_object_unref(transfer.buffer);
}

// A transfer in one call; a device that answers later is late.
void Usbfs::answer_control(Client* client) {
  auto* block = fetch(umockdev_ioctl_client_get_arg(client), 0, sizeof(usbdevfs_ctrltransfer));
  if (block == nullptr) return answer(client, EFAULT);
  const auto& asked = *reinterpret_cast<usbdevfs_ctrltransfer*>(block->data);
  auto* data = asked.wLength > 0
                   ? fetch(block, offsetof(usbdevfs_ctrltransfer, data), asked.wLength)
                   : nullptr;
  const SetupPacket setup{asked.bRequestType, asked.bRequest, asked.wValue, asked.wIndex,
                          asked.wLength};
  const ByteView out =
      data != nullptr && !setup.to_host() ? ByteView(data->data, setup.length) : ByteView{};
  const Answer given = control_transfer(*model_, setup, out);
  const auto size = setup.to_host() ? given.bytes.size() : out.size();
  if (data != nullptr && setup.to_host()) std::copy_n(given.bytes.begin(), size, data->data);
  if (given.kind == Answer::Kind::done)
    umockdev_ioctl_client_complete(client, static_cast<long>(size), 0);
  else
    answer(client, given.kind == Answer::Kind::stall ? EPIPE : ETIMEDOUT);
  if (data != nullptr) g_object_unref(data);
  g_object_unref(block);
}

void Usbfs::discard(Client* client) {
  const auto address =
      *reinterpret_cast<unsigned long*>(umockdev_ioctl_client_get_arg(client)->data);
  const auto it = std::find_if(transfers_.begin(), transfers_.end(), [&](const Transfer& t) {
    return t.client == client && !t.over && t.block->client_addr == address;
  });
  if (it == transfers_.end()) return answer(client, EINVAL);
  auto& urb = *reinterpret_cast<usbdevfs_urb*>(it->block->data);
  urb.status = -ENOENT;
  urb.actual_length = 0;
  it->over = true;
  answer(client, 0);
  ask_again();
}

bool Usbfs::try_to_answer(Client* client) {
  switch (umockdev_ioctl_client_get_request(client)) {
    case USBDEVFS_REAPURB:
    case USBDEVFS_REAPURBNDELAY:
      if (reap(client)) return true;
      break;
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_DISCONNECT_CLAIM: {
      const bool from_kernel =
          umockdev_ioctl_client_get_request(client) == USBDEVFS_DISCONNECT_CLAIM;
      const auto interface =
          from_kernel ? argument<usbdevfs_disconnect_claim>(client).interface : argument<unsigned>(client);
      const int error = gone_ ? ENODEV : claim(client, interface, from_kernel);
      if (error == EBUSY && claimed_.contains(interface)) return false;
      answer(client, error);
      return true;
    }
    default:
      break;
  }
  if (gone_) answer(client, ENODEV);
  return gone_;
}

// Not here and now, so that the other devices are served meanwhile.
void Usbfs::wait(Client* client, unsigned milliseconds) {
  GSource* patience = nullptr;
  if (milliseconds != 0) {
    patience = g_timeout_source_new(milliseconds);
    const auto on_time = +[](gpointer self) -> gboolean {
      self_of(self)->give_up(g_main_current_source());
      return G_SOURCE_REMOVE;
    };
    g_source_set_callback(patience, on_time, new Shared(shared_from_this()), free_self);
    g_source_attach(patience, context_);
  }
  waiting_.push_back({static_cast<Client*>(g_object_ref(client)), patience});
}

void Usbfs::give_up(GSource* patience) {
  const std::lock_guard lock(*models_);
  const auto it = std::find_if(waiting_.begin(), waiting_.end(),
                               [&](const Waiting& w) { return w.patience == patience; });
  if (it == waiting_.end()) return;
  Client* client = it->client;
  g_source_unref(patience);
  waiting_.erase(it);
  // A model may have something by now without having said so.
  const bool reaps = umockdev_ioctl_client_get_request(client) == USBDEVFS_REAPURBNDELAY;
  if (!try_to_answer(client)) answer(client, reaps ? EAGAIN : EBUSY);
  g_object_unref(client);
}

bool Usbfs::has_transfers(const Client* client) const {
  return std::any_of(transfers_.begin(), transfers_.end(),
                     [&](const Transfer& t) { return t.client == client; });
}

// Hands out the first transfer that is over; false: there is none.
bool Usbfs::reap(Client* client) {
  std::set<std::uint8_t> pending;  // endpoints: each answers its transfers in order
  for (auto it = transfers_.begin(); it != transfers_.end(); ++it) {
    if (it->client != client) continue;
    const auto endpoint = reinterpret_cast<usbdevfs_urb*>(it->block->data)->endpoint;
    if (!it->over && (pending.contains(endpoint) || !run(*it))) {
      pending.insert(endpoint);
      continue;
    }
    auto* pointer = fetch(umockdev_ioctl_client_get_arg(client), 0, sizeof(void*));
    if (pointer != nullptr) {
      umockdev_ioctl_data_set_ptr(pointer, 0, it->block);
      g_object_unref(pointer);
    }
    let_go(*it);
    transfers_.erase(it);
    clients_[client] = quick_answers;
    answer(client, pointer != nullptr ? 0 : EFAULT);
    return true;
  }
  return false;
}

void Usbfs::ask_again() {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!try_to_answer(it->client)) {
      ++it;
      continue;
    }
    if (it->patience != nullptr) {
      g_source_destroy(it->patience);
      g_source_unref(it->patience);
    }
    g_object_unref(it->client);
    it = waiting_.erase(it);
  }
}

void Usbfs::post_ask_again() {
  const std::lock_guard lock(*models_);
  if (context_ == nullptr) return;  // nobody has asked for anything yet
  auto* idle = g_idle_source_new();
  g_source_set_priority(idle, G_PRIORITY_DEFAULT);
  const auto now = +[](gpointer self) -> gboolean {
    const std::lock_guard inner(*self_of(self)->models_);
    self_of(self)->ask_again();
    return G_SOURCE_REMOVE;
  };
  g_source_set_callback(idle, now, new Shared(shared_from_this()), free_self);
  g_source_attach(idle, context_);
  g_source_unref(idle);
}

// True when the transfer is over.
bool Usbfs::run(Transfer& transfer) {
  auto& urb = *reinterpret_cast<usbdevfs_urb*>(transfer.block->data);
  urb.actual_length = 0;
  urb.status = -ESHUTDOWN;
  if (gone_) return true;
  const Answer given = ask(transfer);
  if (gone_) return true;  // by what the model just did
  if (given.kind == Answer::Kind::later) return false;
  urb.status = given.kind == Answer::Kind::done ? 0 : -EPIPE;
  if (urb.status != 0) return true;
  const bool control = urb.type == USBDEVFS_URB_TYPE_CONTROL;
  const std::size_t head = control ? setup_size : 0;
  const auto room = static_cast<std::size_t>(urb.buffer_length) - head;
  const bool in = ((control ? transfer.buffer->data[0] : urb.endpoint) & 0x80) != 0;
  const std::size_t size = in ? std::min(given.bytes.size(), room) : room;
  if (in) std::copy_n(given.bytes.begin(), size, transfer.buffer->data + head);
  urb.actual_length = static_cast<int>(size);
  return true;
}

Answer Usbfs::ask(Transfer& transfer) {
  const auto& urb = *reinterpret_cast<usbdevfs_urb*>(transfer.block->data);
  const ByteView bytes =
      transfer.buffer == nullptr
          ? ByteView{}
          : ByteView{transfer.buffer->data, static_cast<std::size_t>(urb.buffer_length)};
  if (urb.type == USBDEVFS_URB_TYPE_CONTROL) {
    const SetupPacket setup = setup_of(bytes.data());
    return control_transfer(*model_, setup,
                            setup.to_host() ? ByteView{} : bytes.subspan(setup_size));
  }
  if ((urb.endpoint & 0x80) != 0) return model_->in(urb.endpoint, bytes.size());
  return model_->out(urb.endpoint, bytes);
}

}  // namespace assay::virtual_usb
