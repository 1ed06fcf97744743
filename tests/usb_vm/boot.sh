#!/bin/busybox sh
# The first program of the guest. On its root are the host's files, unchanged for the host: what is
# written goes to memory. The kernel's command line says where things are: assay.modules=, and what is
# in /opt/assay/: assay.bin=, assay.tests=, assay.share=.
# Then each virtio port gets a shell: guest.py.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev
fail() {
  echo "assay-boot: $1"
  $b poweroff -f
}
of() { $b sed -n "s/.*\bassay\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }

while read -r module; do
  $b insmod "/modules/$module" || fail "the module $module does not load"
done </modules/order
$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro host /host ||
  fail "the host's files cannot be mounted"
$b mount -t tmpfs over /over
$b mkdir /over/upper /over/work
$b mount -t overlay -o lowerdir=/host,upperdir=/over/upper,workdir=/over/work root /root ||
  fail "no place for what is written"

# Not the host's.
for folder in tmp run var/tmp dev proc sys lib/modules opt/assay/bin opt/assay/tests opt/assay/share \
  etc/udev/rules.d; do
  $b mkdir -p "/root/$folder"
done
for folder in tmp run var/tmp; do $b mount -t tmpfs "$folder" "/root/$folder"; done
$b chmod 1777 /root/tmp /root/var/tmp
$b mount --bind "/host$(of modules)" /root/lib/modules || fail "the kernel's modules are not there"
for folder in bin tests share; do
  $b mount --bind "/host$(of $folder)" "/root/opt/assay/$folder" || fail "$folder/ is not there"
done
$b mkdir /dev/pts /dev/shm
$b mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
$b mount -t tmpfs -o mode=1777 shm /dev/shm
$b mount -t cgroup2 cgroup /sys/fs/cgroup
$b ip link set lo up || fail "the network's loopback does not come up"
$b hostname usb-guest
for folder in dev proc sys; do $b mount --move "/$folder" "/root/$folder"; done
# From here on the host's programs.
exec $b chroot /root /bin/sh -c '
  export PATH=/opt/assay/bin:/opt/assay/tests:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  export HOME=/tmp ASSAY_SHARE=/opt/assay/share LC_ALL=C.UTF-8
  cd /tmp
  for port in /dev/vport*p*; do
    while :; do setsid sh <>"$port" >&0 2>&1; done &
  done
  echo "assay-boot: ready"
  wait
'
