#!/usr/bin/python3
"""kernel.py PACKAGE.deb... FOLDER: Debian's packages of a kernel and of a static busybox, unpacked for QEMU
and not installed. FOLDER gets vmlinux, which QEMU boots by PVH 5 s sooner than the packed one.

initramfs() makes what the guest starts from: it mounts the whole host read-only, boot.sh.
"""

import gzip
import lzma
import shutil
import struct
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What it takes to see the host's files and to be talked to; udev loads the rest.
MODULES = ["virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay"]

# Four fifths of the megabytes.
UNWANTED = ["drivers/gpu", "drivers/infiniband", "drivers/media", "drivers/net", "drivers/scsi", "sound"]


def unpack_kernel(vmlinuz):
    """The ELF file in a bzImage. Source: the kernel's Documentation/x86/boot.rst."""
    image = vmlinuz.read_bytes()
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (image[0x1F1] + 1) * 512 + offset
    kernel = lzma.LZMADecompressor().decompress(image[start:start + length])
    if kernel[:4] != b"\x7fELF":
        sys.exit(f"{vmlinuz}: what is packed in it is no ELF file")
    return kernel


def with_needed(modules, names):
    """The modules' paths, each after those that it needs, from modules.dep."""
    needs = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, after = line.partition(":")
        needs[path] = after.split()
    found = []
    for name in names:
        path = next((p for p in needs if Path(p).name.removesuffix(".ko") == name), None)
        if path is None:
            sys.exit(f"{modules}: this kernel has no module {name}")
        # Nearest first in the file.
        found += [p for p in [*reversed(needs[path]), path] if p not in found]
    return found


class Archive:
    """A cpio archive in the form that the kernel unpacks ("newc")."""

    def __init__(self):
        self.bytes = bytearray()
        self.entries = 0

    def _add(self, name, mode, body=b""):
        self.entries += 1
        fields = [self.entries, mode, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(name) + 1, 0]
        self.bytes += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        self.bytes += bytes(-len(self.bytes) % 4) + body
        self.bytes += bytes(-len(self.bytes) % 4)

    def folder(self, name):
        self._add(name, 0o040755)

    def file(self, name, body):
        self._add(name, 0o100755, body)

    def packed(self):
        self._add("TRAILER!!!", 0)
        return gzip.compress(bytes(self.bytes), 1, mtime=0)


def modules_of(folder):
    return next((folder / "package/lib/modules").iterdir())


def initramfs(folder):
    archive = Archive()
    for name in ["bin", "dev", "proc", "sys", "host", "over", "root", "modules"]:
        archive.folder(name)
    archive.file("bin/busybox", (folder / "package/bin/busybox").read_bytes())
    modules = modules_of(folder)
    order = []
    for path in with_needed(modules, MODULES):
        name = Path(path).name
        archive.file(f"modules/{name}", (modules / path).read_bytes())
        order.append(name)
    archive.file("modules/order", "".join(name + "\n" for name in order).encode())
    archive.file("init", (HERE / "boot.sh").read_bytes())
    return archive.packed()


def main():
    *packages, folder = map(Path, sys.argv[1:])
    unpacked = folder / "package"
    shutil.rmtree(unpacked, ignore_errors=True)
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
    version = modules_of(folder).name
    for unwanted in UNWANTED:
        shutil.rmtree(modules_of(folder) / "kernel" / unwanted)
    subprocess.run(["/sbin/depmod", "-b", unpacked, version], check=True)
    (folder / "vmlinux").write_bytes(unpack_kernel(unpacked / f"boot/vmlinuz-{version}"))
    shutil.rmtree(unpacked / "boot")
    shutil.rmtree(unpacked / "usr", ignore_errors=True)


if __name__ == "__main__":
    main()
