#!/usr/bin/env python3
"""Makes the demo's firmware from the prebuilt MCUboot + Zephyr SMP server that
the source distribution of smpclient 7.3.0 (Apache-2.0) carries.

usage: make_firmware.py SDIST OUT     (run by ./dev, in the venv that has imgtool)

Left in OUT, the same bytes every time:
  base.hex, base.bin  whole chip: bootloader at 0, v1 in slot 0 (bin: 256 KiB, 0xFF where erased)
  v1.bin              the program as built, signed 1.0.0
  v2.bin              the program with another build time, signed 2.0.0: what runs says which it is
  v2-hang.bin         v2 whose reset handler is an endless loop, signed 2.0.1
  SHA256SUMS          of these
"""

import hashlib
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from intelhex import IntelHex

SDIST_SHA256 = "86aa4bc1c621805d97f449793a4077f049aa88a98a1e916bf59423d072bd2a3b"
FIXTURES = "smpclient-7.3.0/tests/fixtures/smp-server/"
NAME = "zephyr_4.4.0_smp_server_0eae053d_qemu_cortex_m0_serial"
MERGED = (NAME + ".merged.hex", "2e0cda996515b444f324f26d794e55e5f08b3ddff210d6fcec6f994647eb289e")
SIGNED = (NAME + ".signed.bin", "e96f3b40d10418018caa1c3f9776d3bbdd542f5612e3caad3a223bb0b2a24c54")

# The board's flash map (nRF51 with swap using offset; bytes).
FLASH_SIZE = 0x40000
SLOT0 = 0x8000
SLOT_SIZE = 0x1A000
HEADER_SIZE = 0x200

IMAGE_MAGIC = 0x96F3B83D
BUILD_TIME = re.compile(rb"build time: ([A-Z][a-z]{2} [ 0-9]\d \d{4} \d\d:\d\d:\d\d)\0")
V2_BUILD_TIME = b"Jul  1 2026 12:00:00"
THUMB_BRANCH_TO_SELF = struct.pack("<H", 0xE7FE)


def fail(message):
    sys.exit(f"make_firmware: {message}")


def checked(data, expected, name):
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        fail(f"{name}: SHA-256 is {found}, expected {expected}; delete it and run ./dev demo again")
    return data


def read_fixture(sdist, name_and_sum):
    name, expected = name_and_sum
    return checked(sdist.extractfile(FIXTURES + name).read(), expected, name)


def payload_of(image):
    """The program after the MCUboot header, without the TLVs that follow it."""
    magic, _load, header_size, _tlv_size, image_size = struct.unpack_from("<IIHHI", image)
    if magic != IMAGE_MAGIC or header_size != HEADER_SIZE:
        fail(f"{SIGNED[0]}: not an MCUboot image with a header of {HEADER_SIZE:#x} bytes")
    return image[header_size : header_size + image_size]


def with_build_time(payload, text):
    found = BUILD_TIME.findall(payload)
    if len(found) != 1 or len(found[0]) != len(text):
        fail(f"{SIGNED[0]}: {len(found)} build times of {len(text)} characters, expected 1")
    return payload.replace(found[0], text)


def with_hanging_reset(payload):
    """The second word of the vector table is the reset handler's address, bit 0 set for Thumb."""
    (reset,) = struct.unpack_from("<I", payload, 4)
    at = (reset & ~1) - (SLOT0 + HEADER_SIZE)
    if not 0 < at < len(payload) - 1:
        fail(f"{SIGNED[0]}: reset handler {reset:#x} is outside the program")
    return payload[:at] + THUMB_BRANCH_TO_SELF + payload[at + 2 :]


def sign(payload, version):
    """No key: this bootloader checks the hash only."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "payload.bin"), Path(folder, "signed.bin")
        source.write_bytes(payload)
        command = [str(Path(sys.executable).parent / "imgtool"), "sign", "--version", version,
                   "--header-size", hex(HEADER_SIZE), "--pad-header",
                   "--slot-size", hex(SLOT_SIZE), "--align", "4", str(source), str(target)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"imgtool sign exited {done.returncode}: {(done.stderr or done.stdout).strip()}")
        return target.read_bytes()


def whole_chip(merged, image):
    """The bootloader of the merged HEX with another image in slot 0."""
    chip = IntelHex()
    chip.fromfile(str(merged), format="hex")
    chip = chip[0:SLOT0]
    chip.frombytes(image, offset=SLOT0)
    chip.padding = 0xFF
    return chip


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sdist_path, out = Path(sys.argv[1]), Path(sys.argv[2])
    checked(sdist_path.read_bytes(), SDIST_SHA256, str(sdist_path))
    (out / "SHA256SUMS").unlink(missing_ok=True)  # written last: stands for "complete"
    upstream = out / "upstream"
    upstream.mkdir(parents=True, exist_ok=True)
    with tarfile.open(sdist_path) as sdist:
        merged = upstream / MERGED[0]
        merged.write_bytes(read_fixture(sdist, MERGED))
        signed = read_fixture(sdist, SIGNED)
        (upstream / SIGNED[0]).write_bytes(signed)

    v1 = payload_of(signed)
    v2 = with_build_time(v1, V2_BUILD_TIME)
    images = {
        "v1.bin": sign(v1, "1.0.0"),
        "v2.bin": sign(v2, "2.0.0"),
        "v2-hang.bin": sign(with_hanging_reset(v2), "2.0.1"),
    }
    chip = whole_chip(merged, images["v1.bin"])
    images["base.bin"] = chip.tobinstr(start=0, size=FLASH_SIZE)
    for name, data in images.items():
        (out / name).write_bytes(data)
    chip.write_hex_file(str(out / "base.hex"), byte_count=16)
    images["base.hex"] = (out / "base.hex").read_bytes()

    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(images.items())]
    (out / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    main()
