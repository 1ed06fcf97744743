#!/bin/bash
# A board's relay and flasher, for lab files: PORT BOARD on|off|status|write [FILE]. The board
# (chaos_boards.py) learns which process asked, and that it died where it did not wait for the answer.
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 7
printf '%s %s %s %s\n' "$2" "$3" "$PPID" "${4:-}" >&3
read -r status say <&3 || exit 8
[ -z "$say" ] || echo "$say"
exit "$status"
