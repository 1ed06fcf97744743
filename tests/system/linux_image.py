"""A small Linux disk image of Debian's own parts, made without root, loop devices or chroot:
a partition table and one ext4 partition with busybox, whose init puts a getty on the serial port.
The kernel is not in it: the emulated board's boot ROM brings it along (LinuxBoard of assay-desk)."""

import os
import struct
import subprocess
from pathlib import Path

MEGA = 1 << 20
START = MEGA  # of the partition
APPLETS = ["init", "getty", "login", "sh", "mount", "poweroff", "cat", "uname"]


def make_image(file, folder, issue="Assay test image", size=24 * MEGA):
    """A raw image of `size` bytes; what its getty says before the prompt is `issue`."""
    tree = Path(folder) / "tree"
    for name in ["bin", "dev", "etc", "proc", "sbin", "sys", "tmp", "root"]:
        (tree / name).mkdir(parents=True, exist_ok=True)
    busybox = tree / "bin/busybox"
    busybox.write_bytes(Path("/bin/busybox").read_bytes())
    busybox.chmod(0o755)
    for name in APPLETS:
        for place in ["bin", "sbin"]:
            link = tree / place / name
            link.unlink(missing_ok=True)
            link.symlink_to("/bin/busybox")
    (tree / "etc/inittab").write_text("::sysinit:/bin/mount -t devtmpfs dev /dev\n"
                                      "::sysinit:/bin/mount -t proc proc /proc\n"
                                      "ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100\n")
    (tree / "etc/issue").write_text(issue + "\n")
    (tree / "etc/passwd").write_text("root::0:0:root:/root:/bin/sh\n")
    (tree / "etc/hostname").write_text("board\n")
    file = Path(file)
    with file.open("wb") as image:
        image.truncate(size)
        # One primary partition, type 83, to the end.
        entry = struct.pack("<B3sB3sII", 0x80, b"\0\0\0", 0x83, b"\0\0\0", START // 512, (size - START) // 512)
        image.seek(446)
        image.write(entry)
        image.seek(510)
        image.write(b"\x55\xaa")
    subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal,^resize_inode", "-m", "0",
                    "-d", tree, "-E", f"offset={START}", file, f"{(size - START) // 1024}k"],
                   check=True, capture_output=True)
    return file


def block_map(image):
    """bmaptool's format, of the blocks that are not all zeros."""
    import hashlib
    data = Path(image).read_bytes()
    block = 4096
    used = [at // block for at in range(0, len(data), block) if data[at:at + block].strip(b"\0")]
    ranges = []
    for number in used:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    lines = "".join(
        f'<Range chksum="{hashlib.sha256(data[a * block:(b + 1) * block]).hexdigest()}">{a}-{b}</Range>\n'
        for a, b in ranges)
    text = (f'<?xml version="1.0" ?>\n<bmap version="2.0">\n<ImageSize>{len(data)}</ImageSize>\n'
            f"<BlockSize>{block}</BlockSize>\n<BlocksCount>{-(-len(data) // block)}</BlocksCount>\n"
            f"<MappedBlocksCount>{len(used)}</MappedBlocksCount>\n<ChecksumType>sha256</ChecksumType>\n"
            f"<BmapFileChecksum>{'0' * 64}</BmapFileChecksum>\n<BlockMap>\n{lines}</BlockMap>\n</bmap>\n")
    return text.replace("0" * 64, hashlib.sha256(text.encode()).hexdigest())


def kernel(cache):
    """Debian's cloud kernel, which ./dev setup test has fetched and unpacked."""
    found = sorted((Path(cache) / "linux").glob("vmlinuz-*"))
    assert found, f"no kernel in {cache}/linux: type ./dev setup test"
    return found[-1]


if __name__ == "__main__":
    import sys
    make_image(sys.argv[1], os.path.dirname(sys.argv[1]) or ".")
