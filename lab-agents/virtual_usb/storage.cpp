#include "virtual_usb/storage.hpp"

#include <scsi/sg.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "virtual_usb/usbfs.hpp"

namespace assay::virtual_usb {

namespace {

using OnCommand = std::function<std::uint8_t(ByteView, std::span<std::uint8_t>)>;

gboolean on_ioctl(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer self) {
  if (umockdev_ioctl_client_get_request(client) != SG_IO) return FALSE;
  auto& on_command = *static_cast<OnCommand*>(self);
  auto* block = fetch(umockdev_ioctl_client_get_arg(client), 0, sizeof(sg_io_hdr_t));
  if (block == nullptr) return FALSE;
  auto& io = *reinterpret_cast<sg_io_hdr_t*>(block->data);
  auto* command = fetch(block, offsetof(sg_io_hdr_t, cmdp), io.cmd_len);
  auto* data = fetch(block, offsetof(sg_io_hdr_t, dxferp), io.dxfer_len);
  const bool good = command != nullptr && data != nullptr && io.interface_id == 'S';
  if (good) {
    io.status = on_command({command->data, io.cmd_len}, {data->data, io.dxfer_len});
    io.host_status = io.driver_status = 0;
  }
  for (auto* one : {data, command, block})
    if (one != nullptr) g_object_unref(one);
  umockdev_ioctl_client_complete(client, good ? 0 : -1, good ? 0 : EINVAL);
  return TRUE;
}

}  // namespace

UMockdevIoctlBase* make_scsi_handler(OnCommand on_command) {
  auto* handler = umockdev_ioctl_base_new();
  g_signal_connect_data(
      handler, "handle-ioctl", G_CALLBACK(on_ioctl), new OnCommand(std::move(on_command)),
      +[](gpointer self, GClosure*) { delete static_cast<OnCommand*>(self); }, GConnectFlags{});
  return handler;
}

}  // namespace assay::virtual_usb
