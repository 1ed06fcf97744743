# ./dev setup: Debian packages and private Python environments, only what is missing. Sourced.

setup_usage='usage: ./dev setup [demo|test|lint|bench|usb-vm]
Installs what a level needs and nothing that is there already; says first what and why.
  demo    compiler, libraries, QEMU, imgtool: build Assay and run the demo (the default)
  test    demo, GoogleTest, RapidCheck, pytest, smpmgr, buf, Node, Chromium
  bench   the same as test
  lint    test, clang-format, clang-tidy
  usb-vm  test, QEMU for x86, udev; a kernel for its guest, which is not installed
Debian packages need root; without it the line to type is printed and nothing is done.
Everything else goes to .cache/ (or $ASSAY_CACHE).'

setup() {
  local level=${1:-demo}
  [ $# -le 1 ] || die "setup takes one level, not '$*'" "type: ./dev setup demo|test|lint|bench|usb-vm"
  case $level in
    demo) set -- demo ;;
    test | bench) set -- demo test ;;
    lint) set -- demo test lint ;;
    usb-vm) set -- demo test usb-vm ;;
    *) die "setup knows no level '$level'" "type: ./dev setup demo|test|lint|bench|usb-vm" ;;
  esac
  setup_packages "$@"
  setup_venv demo 'imgtool, to sign firmware images; pyOCD, to flash boards' "$root/scripts/requirements-demo.txt"
  case $level in
    demo) ;;
    *)
      setup_venv test 'pytest, smpmgr and playwright, for the system tests' "$root/scripts/requirements-test.txt"
      setup_node
      setup_buf
      setup_npm test
      setup_linux
      page_types
      ;;
  esac
  [ "$level" != usb-vm ] || setup_guest
}

# setup_packages LEVEL...: asks dpkg, which takes milliseconds; apt only when something is missing.
setup_packages() {
  local level what names name installed missing=() lines=() part
  if ! command -v dpkg-query >/dev/null; then
    die "this is no Debian: no dpkg-query" \
      "install what scripts/packages.txt names, then use cmake --preset release"
  fi
  installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
    sed -n 's/^installed //p' | tr '\n' ' ')"
  while IFS=';' read -r level what names; do
    case " $* " in *" $level "*) ;; *) continue ;; esac
    part=()
    for name in $names; do
      case $installed in *" $name "*) ;; *) part+=("$name") ;; esac
    done
    if [ ${#part[@]} -gt 0 ]; then
      lines+=("${what# }: ${part[*]}")
      missing+=("${part[@]}")
    fi
  done < <(grep -v '^#' "$root/scripts/packages.txt")
  [ ${#missing[@]} -gt 0 ] || return 0

  local install=(apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "${missing[@]}")
  if [ "$(id -u)" != 0 ]; then
    die "${#missing[@]} Debian packages are missing and installing them needs root; type:" \
      "sudo apt-get update && sudo ${install[*]}" "then the same ./dev command again"
  fi
  local free
  free=$(df --output=avail -BM / | tail -n 1 | tr -dc 0-9)
  [ "$free" -ge 1500 ] ||
    die "only $free MB are free on / and the packages need up to 1500 MB" "make room, then type the same command again"
  say "Installing Debian packages that are missing"
  for name in "${lines[@]}"; do note "$name"; done
  # A stale index of one archive must not stop what the others can give.
  logged 'asking the Debian archives' sh -c 'apt-get update || echo "apt-get update exited $?"'
  without_services logged 'installing' env DEBIAN_FRONTEND=noninteractive "${install[@]}"
  # The tests start servers of their own; nobody asked for any on this machine.
  for name in mosquitto snmpd ser2net; do
    case " ${missing[*]} " in *" $name "*) ;; *) continue ;; esac
    if [ -d /run/systemd/system ]; then systemctl disable --quiet --now "$name" 2>/dev/null || true; fi
  done
}

# without_services COMMAND...: what it installs starts no service (Debian's policy-rc.d).
without_services() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [ -e "$policy" ]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  "$@" || status=$?
  rm -f "$policy"
  trap - EXIT
  return "$status"
}

# The kernel of the guest of tests/usb_vm and a busybox to start it: Debian's packages, which apt has
# checked, unpacked in the cache. Whatever version is there stays until .cache is cleaned.
setup_guest() {
  local home=$cache/usb-vm want image
  want=$(sha256sum <"$root/tests/usb_vm/kernel.py")
  [ "$(cat "$home/assay-stamp" 2>/dev/null)" != "$want" ] || return 0
  image=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends: linux-image-/ { print $2; exit }')
  [ -n "$image" ] || die "apt does not know the package linux-image-amd64" "type: sudo apt-get update"
  say "A kernel for the guest with USB: $image, unpacked and not installed"
  rm -rf "$home"
  mkdir -p "$home"
  (cd "$home" && logged "fetching $image" apt-get download "$image" busybox-static)
  logged 'unpacking the kernel' /usr/bin/python3 "$root/tests/usb_vm/kernel.py" "$home"/*.deb "$home"
  rm "$home"/*.deb
  printf '%s\n' "$want" >"$home/assay-stamp"
}

# setup_venv NAME WHY REQUIREMENTS: made anew when the pins change.
setup_venv() {
  local venv=$cache/venv-$1 why=$2 requirements=$3 want
  want=$(sha256sum <"$requirements")
  [ "$(cat "$venv/assay-stamp" 2>/dev/null)" != "$want" ] || return 0
  /usr/bin/python3 -c 'import venv, ensurepip' 2>/dev/null ||
    die "/usr/bin/python3 cannot make virtual environments" "type: sudo apt-get install python3-venv"
  say "Python environment: $why"
  rm -rf "$venv"
  logged "making $1 environment" /usr/bin/python3 -m venv "$venv"
  logged "installing pinned packages of $1" "$venv/bin/python" -m pip install --quiet \
    --disable-pip-version-check -r "$requirements"
  printf '%s\n' "$want" >"$venv/assay-stamp"
}

# buf is one native program; npm only carries it.
buf_version=1.74.0
setup_buf() {
  local home=$cache/buf
  [ "$(cat "$home/assay-stamp" 2>/dev/null)" != "$buf_version" ] || return 0
  say "buf $buf_version: lint and breaking-change check of proto/"
  rm -rf "$home"
  mkdir -p "$home"
  logged 'installing buf' npm install --no-audit --no-fund \
    --prefix "$home" "@bufbuild/buf@$buf_version"
  ln -s "$(cd "$home" && echo node_modules/@bufbuild/buf-linux-*/bin/buf)" "$home/buf"
  "$home/buf" --version >/dev/null || die "buf does not start" "see $cache/log"
  printf '%s\n' "$buf_version" >"$home/assay-stamp"
}

# The kernel of the emulated Linux machines: Debian's own, unpacked but not installed, as
# installing one makes an initramfs and changes /boot. apt checks it against the archive's index.
setup_linux() {
  local home=$cache/linux package
  ! compgen -G "$home/vmlinuz-*" >/dev/null || return 0
  package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
    sed -n 's/^ *Depends: \(linux-image-[0-9].*-cloud-amd64\)$/\1/p' | head -n 1)
  [ -n "$package" ] || die "apt does not know linux-image-cloud-amd64" "type: sudo apt-get update"
  say "A kernel for emulated Linux machines: $package"
  rm -rf "$home"
  mkdir -p "$home/deb"
  logged 'fetching the kernel' sh -c "cd '$home/deb' && apt-get download '$package' && dpkg-deb -x ./*.deb ."
  mv "$home"/deb/boot/vmlinuz-* "$home/"
  rm -rf "$home/deb"
}

# The prebuilt firmware, checked and made into the demo's images once.
firmware() {
  local out=$cache/firmware sdist=smpclient-7.3.0.tar.gz want
  want=$(sha256sum "$root/scripts/make_firmware.py" "$root/scripts/requirements-demo.txt" | sha256sum)
  if [ "$(cat "$out/assay-stamp" 2>/dev/null)" = "$want" ] &&
    (cd "$out" && sha256sum --quiet --status -c SHA256SUMS 2>/dev/null); then
    return 0
  fi
  say "Firmware: MCUboot and Zephyr's SMP server, prebuilt in smpclient 7.3.0; v1 and v2 signed anew"
  mkdir -p "$out"
  if [ ! -f "$out/$sdist" ]; then
    logged 'fetching the firmware' "$cache/venv-demo/bin/python" -m pip download --quiet \
      --disable-pip-version-check --no-deps --no-binary smpclient --dest "$out" smpclient==7.3.0
  fi
  logged 'making v1, v2, v2-hang' "$cache/venv-demo/bin/python" "$root/scripts/make_firmware.py" \
    "$out/$sdist" "$out"
  printf '%s\n' "$want" >"$out/assay-stamp"
}
