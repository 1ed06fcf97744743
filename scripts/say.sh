# How ./dev speaks: short lines, colour on a terminal only. Sourced.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' plain=''
fi

say() { printf '%s\n' "$bold==>$plain $*"; }
note() { printf '    %s\n' "$*"; }

# die FACT [REMEDY...]: exit 2, nothing was changed or what was is named.
die() {
  printf '%s\n' "${red}dev: $1$plain" >&2
  shift
  for line in "$@"; do printf '     %s\n' "$line" >&2; done
  exit 2
}

# logged LABEL COMMAND...: runs it silently into a log; one line with the time it took, and on a
# terminal the seconds while it runs. A failure shows the end of the log. The command stays in the
# foreground, so that Ctrl-C reaches it.
logged() {
  local label=$1 began=$SECONDS status=0 log ticker=
  shift
  mkdir -p "$cache/log"
  log=$cache/log/$(printf '%s' "$label" | tr -cs 'a-zA-Z0-9\n' '-').log
  if [ -t 1 ]; then
    while sleep 0.5 && kill -0 $$ 2>/dev/null; do
      printf '\r    %s %s' "$label" "$dim$((SECONDS - began)) s$plain"
    done &
    ticker=$!
  fi
  "$@" >"$log" 2>&1 || status=$?
  if [ -n "$ticker" ]; then
    kill "$ticker" && wait "$ticker" 2>/dev/null || true
    printf '\r\e[K'
  fi
  if [ "$status" != 0 ]; then
    tail -n 15 "$log" | sed 's/^/    | /' >&2
    die "$label: failed with exit status $status" "the whole log: $log" \
      "then type the same command again: what is done stays done"
  fi
  note "$label $dim$((SECONDS - began)) s$plain"
}
