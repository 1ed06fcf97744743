// The kernel's side of one device file /dev/bus/usb/BUS/DEVICE, for umockdev:
// takes the ioctls that libusb makes and asks the model. Internal to virtual_usb.
//
// Thread-safe: ioctls come on umockdev's thread, the rest from any; one lock
// (the testbed's) guards every model.
// Source: linux/usbdevice_fs.h, and what Linux's usbfs does (Documentation/
// driver-api/usb/usb.rst).
#pragma once

#include <umockdev.h>

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "virtual_usb/model.hpp"

namespace assay::virtual_usb {

// What the pointer at `offset` leads to, brought over from the program; ours to
// release. Null: the program is gone.
UMockdevIoctlData* fetch(UMockdevIoctlData*, std::size_t offset, std::size_t size);

// The struct that the ioctl's argument leads to, zeros when the program is gone.
// Valid until the ioctl is answered.
template <class T>
T& argument(UMockdevIoctlClient* client) {
  static thread_local T nothing;
  auto* data = fetch(umockdev_ioctl_client_get_arg(client), 0, sizeof(T));
  if (data == nullptr) return nothing = T{};
  g_object_unref(data);  // the argument keeps it
  return *reinterpret_cast<T*>(data->data);
}

class Usbfs : public std::enable_shared_from_this<Usbfs> {
 public:
  Usbfs(std::shared_ptr<Model>, int device, std::shared_ptr<std::recursive_mutex> models);
  // For the node; it keeps this alive as long as a program has the node open.
  [[nodiscard]] UMockdevIoctlBase* make_handler();
  // The device was pulled out: its transfers end, and so does everything else.
  void unplug();
  // How often an interface was wanted while another had it.
  [[nodiscard]] unsigned contended() const { return contended_; }

 private:
  using Client = UMockdevIoctlClient;  // one open() of the node
  struct Transfer {
    Client* client;                     // only compared
    UMockdevIoctlData *block, *buffer;  // the client's usbdevfs_urb and its buffer; ours
    bool over = false;
  };
  // An ioctl that is answered later: one that waits for a transfer to be over, or
  // for an interface whose user may be about to be noticed as gone.
  struct Waiting {
    Client* client;
    GSource* patience;  // null: for ever
  };

  void handle(Client*);
  void submit(Client*);
  void discard(Client*);
  void answer_control(Client*);
  void wait(Client*, unsigned milliseconds);
  // False: not yet, and nothing was answered.
  bool try_to_answer(Client*);
  bool reap(Client*);
  void give_up(GSource* patience);
  void ask_again();
  void post_ask_again();
  [[nodiscard]] bool has_transfers(const Client*) const;
  bool run(Transfer&);
  Answer ask(Transfer&);
  static void let_go(const Transfer&);

  // 0 or an errno.
  [[nodiscard]] int claim(Client*, unsigned interface, bool from_kernel);
  [[nodiscard]] int release(Client*, unsigned interface);
  [[nodiscard]] int may_use(Client*, const Transfer&);
  [[nodiscard]] int driver_ioctl(Client*);
  [[nodiscard]] std::string driver_of(unsigned interface) const;
  void closed(const void* client);

  const std::shared_ptr<Model> model_;
  const int device_;
  const std::shared_ptr<std::recursive_mutex> models_;
  // Guarded by *models_.
  bool gone_ = false;
  unsigned contended_ = 0;
  GMainContext* context_ = nullptr;  // of umockdev's thread, from the first ioctl on
  // Of each client, how often in a row it may still be told at once that nothing
  // is over: it has just got something, and is about to go on.
  std::map<const void*, int> clients_;
  std::list<Transfer> transfers_;
  std::list<Waiting> waiting_;
  std::map<unsigned, Client*> claimed_;  // by interface; only compared
  std::set<unsigned> kernel_left_;       // interfaces that lost their kernel driver
};

}  // namespace assay::virtual_usb
