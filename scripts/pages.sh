# The pages of reports/pages: their tools, and the built bundle, made anew only when a source
# changes. Sourced.

pages=$root/reports/pages

# setup_node: a pinned Node of our own, so that every machine builds with the same one.
setup_node() {
  setup_venv node 'Node.js, which builds the pages' "$root/scripts/requirements-node.txt"
  export PATH="$cache/venv-node/bin:$PATH"
}

# setup_npm build|test: what package-lock.json names; build leaves out what only tests need.
setup_npm() {
  local stamp=$pages/node_modules/assay-stamp want kind=$1 omit=(--omit=dev)
  want=$(sha256sum <"$pages/package-lock.json")
  case $(cat "$stamp" 2>/dev/null) in "test $want" | "$kind $want") return 0 ;; esac
  [ "$kind" = build ] || omit=()
  say 'npm packages of the pages'
  logged "installing npm packages to $kind the pages" npm --prefix "$pages" ci --no-audit --no-fund \
    --loglevel=error "${omit[@]}"
  printf '%s\n' "$kind $want" >"$stamp"
}

# The types of the protos, when they or what makes them changed.
page_types() {
  local stamp=$pages/src/proto/assay-stamp want
  want=$(cat "$root"/proto/assay/v1/*.proto "$pages/package-lock.json" | sha256sum)
  [ "$(cat "$stamp" 2>/dev/null)" != "$want" ] || return 0
  logged 'types from the protos' npm --prefix "$pages" run -s proto
  printf '%s\n' "$want" >"$stamp"
}

pages_key() {
  (cd "$root" && find reports/pages proto -type f \
    ! -path '*/node_modules/*' ! -path '*/dist/*' ! -path '*/src/proto/*' ! -path '*/tests/*' -print0 |
    sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-32)
}

# build_pages: reports/pages/dist, from the cache where this very source was built before: then no
# Node is needed.
build_pages() {
  local key home
  key=$(pages_key)
  home=$cache/pages/$key
  [ "$(cat "$pages/dist/assay-stamp" 2>/dev/null)" != "$key" ] || return 0
  if [ ! -f "$home/assay-stamp" ]; then
    setup_node
    setup_npm build
    say 'Building the pages'
    page_types
    logged 'bundling the pages' npm --prefix "$pages" run -s build
    mkdir -p "$cache/pages"
    rm -rf "$home" "$home.new"
    cp -r "$pages/dist" "$home.new"
    printf '%s\n' "$key" >"$home.new/assay-stamp"
    mv "$home.new" "$home"
    # The newest few are enough.
    (cd "$cache/pages" && ls -t | tail -n +9 | xargs -r rm -rf)
  fi
  rm -rf "$pages/dist"
  cp -r "$home" "$pages/dist"
}
