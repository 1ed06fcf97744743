# ./dev build: CMake's release preset in build/, with as many jobs as the memory bears. Sourced.

build_usage='usage: ./dev build
Sets up what the demo needs, then builds build/bin/{assay,assayd,assay-agent,assay-host}.
Other presets (dev, asan-ubsan, tsan): cmake --preset NAME && cmake --build --preset NAME'

# One job a core, and at most one per 1.5 GB of memory that is free now.
build_jobs() {
  local cores free_mb by_memory
  cores=$(nproc)
  free_mb=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
  by_memory=$((free_mb / 1536))
  [ "$by_memory" -ge 1 ] || by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# build_tree TESTS TARGET: TESTS is ON or OFF. A tree that has the tests keeps them: switching to
# and fro would configure each time, and the target says what is built.
build_tree() {
  local tests=$1 target=$2 jobs status=0 began=$SECONDS
  if [ "$tests" = OFF ] && grep -qs '^ASSAY_TESTS:BOOL=ON' "$root/build/CMakeCache.txt"; then
    tests=ON
  fi
  if [ ! -f "$root/build/build.ninja" ] ||
    ! grep -qs "^ASSAY_TESTS:BOOL=$tests" "$root/build/CMakeCache.txt"; then
    say 'Configuring'
    logged 'configuring' cmake -S "$root" --preset release -DASSAY_TESTS="$tests"
  fi
  jobs=$(build_jobs)
  if [ -t 1 ]; then
    NINJA_STATUS='    [%f/%t %es] ' ninja -C "$root/build" -j "$jobs" "$target" || status=$?
  else
    NINJA_STATUS='@%p@' ninja -C "$root/build" -j "$jobs" "$target" 2>&1 | build_progress || status=$?
  fi
  [ "$status" = 0 ] || die "the build failed" "the first error above is the one to mend; then: ./dev build"
  note "built with $jobs jobs $dim$((SECONDS - began)) s$plain"
  # Where the agent looks for it first.
  ln -sfn "$cache/venv-demo/bin/pyocd" "$root/build/bin/pyocd"
}

# Ninja's output where nobody watches: a line each tenth, and what the compiler says, less its
# command lines.
build_progress() {
  awk '
    /^@ *[0-9]+%@/ {
      split($0, part, "@"); tenth = int((part[2] + 0) / 10)
      if (tenth > shown) { shown = tenth; printf "    built %d %%\n", tenth * 10; fflush() }
      next
    }
    /^ninja: (no work|Entering)/ { next }
    command_follows { command_follows = 0; next }
    /^FAILED: / { command_follows = 1 }
    { print; fflush() }'
}

build() {
  [ $# = 0 ] || die "build takes no argument, not '$*'" "type: ./dev build"
  setup demo
  say 'Building Assay'
  build_pages
  build_tree OFF programs
}
