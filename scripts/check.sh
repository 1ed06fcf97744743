# ./dev test, lint, bench and soak. Sourced.

test_usage='usage: ./dev test [FILTER]
Sets up, builds and runs every test; FILTER is a regular expression over test names (ctest -R).
A failed system test leaves its folder in build/failed/.

       ./dev test --lane usb-vm [WORDS]
The slower lane: the real agent on a real kernel with USB devices, in a QEMU guest (tests/usb_vm/README.md).
WORDS pick tests (pytest -k). The guest of a failed run leaves its logs in build/failed/usb-vm/.'

run_tests() {
  if [ "${1:-}" = --lane ]; then
    [ "${2:-}" = usb-vm ] || die "test knows no lane '${2:-}'" "type: ./dev test --lane usb-vm"
    [ $# -le 3 ] || die "the lane takes one filter, not '${*:3}'" "type: ./dev test --lane usb-vm 'hub or scan'"
    usb_vm tests/usb_vm ${3:+-k "$3"}
  fi
  [ $# -le 1 ] || die "test takes one filter, not '$*'" "type: ./dev test 'system|plans'"
  setup test
  firmware
  say 'Building Assay and its tests'
  build_pages
  build_tree ON all
  say 'Testing'
  exec ctest --test-dir "$root/build" --output-on-failure -j2 ${1:+-R "$1"}
}

# usb_vm ARGUMENT...: pytest with what the lane needs.
usb_vm() {
  setup usb-vm
  say 'Building Assay and the devices of the lane'
  build_pages
  build_tree ON usb_vm
  say 'Testing on a real kernel'
  exec env PYTHONDONTWRITEBYTECODE=1 ASSAY_BIN="$root/build/bin" ASSAY_FAILED="$root/build/failed" \
    "$cache/venv-test/bin/python" -m pytest -v -p no:cacheprovider "$@"
}

lint_usage='usage: ./dev lint [BASE]
clang-format over every C++ file; clang-tidy over the .cpp files that differ from BASE (default: where
this branch left its upstream, else the last commit) or are not committed.
To mend formatting: clang-format -i FILE...'

lint() {
  [ $# -le 1 ] || die "lint takes one revision, not '$*'" "type: ./dev lint [BASE]"
  local base=${1:-} bad=0 files=() changed=()
  setup lint
  mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp')
  say "clang-format: ${#files[@]} files"
  clang-format --dry-run --Werror "${files[@]}" || bad=1

  if [ -z "$base" ]; then
    base=$(git merge-base HEAD '@{upstream}' 2>/dev/null || true)
    if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then base=HEAD~1; fi
  fi
  git rev-parse --verify --quiet "$base^{commit}" >/dev/null ||
    die "no revision '$base' to compare with" "type: ./dev lint BASE"
  mapfile -t changed < <({
    git diff --name-only --diff-filter=d "$base" -- '*.cpp'
    git ls-files --others --exclude-standard -- '*.cpp'
  } | sort -u)
  if [ ${#changed[@]} -gt 0 ]; then
    build_tree ON all # clang-tidy reads its commands, and the generated headers must be there
    say "clang-tidy: ${#changed[@]} files that differ from $base"
    printf '%s\0' "${changed[@]}" |
      xargs -0 -n 1 -P "$(build_jobs)" clang-tidy --quiet -p "$root/build" \
      2> >(grep -v ' warnings generated' >&2) || bad=1
  fi
  [ "$bad" = 0 ] || { printf '%s\n' "${red}dev: lint found something to mend$plain" >&2; exit 1; }
  note "clean"
}

bench_usage='usage: ./dev bench [NAME...]
Builds, then measures and prints distributions (median, p90, p99, worst) of what the benchmarks in
tests/bench/ time; NAME picks some of them.'

bench() {
  setup bench
  firmware
  build_pages
  build_tree ON all
  exec /usr/bin/python3 "$root/tests/bench/run.py" "$@"
}

soak_usage='usage: ./dev soak [RUNS [BOARDS]]
RUNS (200) times ota-revert over BOARDS (20) virtual boards at once; exit 0 when every one passed.

       ./dev soak chaos [--faults N] [--seed S] [--virtual N] [--keep DIR]
N (200) times a process is killed or stopped, or a connection cut, half-closed, held, swallowed or delayed,
while clients submit runs; then store, events and what the boards saw are audited. Exit 0 when the audit
found nothing; else the evidence is in build/failed/chaos-S/.
  --seed S     the same faults in the same order
  --virtual N  emulated boards beside the cheap ones (1)
  --keep DIR   keep the evidence there whatever the audit says

       ./dev soak simulate [--seeds N] [--first S] [--minutes M] | --seed S [--whole]
N (10000) simulated stories of three labs from seed S (1) on, or as many as M minutes hold, on all cores.
A broken promise is printed with its seed; exit 0 when there is none.
  --seed S     tells the story of one seed, shortened to what breaks a promise (--whole: not)

       ./dev soak usb-vm [ROUNDS]
ROUNDS (100) runs on a real kernel whose relay and serial adapter are pulled out and put back in between.'

soak() {
  if [ "${1:-}" = simulate ]; then
    shift
    setup test
    build_tree ON simulate
    exec "$root/build/tests/simulate" "$@"
  fi
  if [ "${1:-}" = usb-vm ]; then
    [ $# -le 2 ] || die "soak usb-vm takes a number of rounds, not '${*:2}'" "type: ./dev soak usb-vm 100"
    export ASSAY_ROUNDS=${2:-100}
    usb_vm tests/usb_vm/test_rounds.py
  fi
  setup demo
  firmware
  build_tree OFF programs
  if [ "${1:-}" = chaos ]; then
    shift
    PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$root/tests/system/chaos.py" "$@"
  fi
  exec /usr/bin/python3 "$root/scripts/soak.py" "$@"
}
