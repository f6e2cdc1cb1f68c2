# shellcheck shell=bash disable=SC2034,SC2154
# Shared by `scripts/run` and `scripts/cluster`: the days, the checks before the start, the mock airports, and the
# box with the addresses. Source this file from the project's folder.

# shellcheck source=process.sh
source scripts/lib/process.sh

airports=${GATECALL_AIRPORTS:-127.0.0.1:5050}
day=${GATECALL_DAY:-blizzard}
speed=${GATECALL_SPEED:-60}
bin=${GATECALL_BIN:-$programs}

# Sets the start of a day's replay and the landing of its last flight, in UTC and comparable as text; New York's
# offset from UTC; and hints about this day and the other one.
choose_day() {
  case "$day" in
    blizzard)
      start=2013-02-08T15:00:00Z end=2013-02-09T09:00:00Z behind_h=5
      hint_1="From 17:00 on almost nothing flies, because of the storm."
      hint_2="GATECALL_DAY=ordinary make ${0##*/} shows a day without a storm."
      ;;
    ordinary)
      start=2013-09-19T14:00:00Z end=2013-09-20T08:00:00Z behind_h=4
      hint_1="An ordinary Thursday: most flights leave as planned."
      hint_2="GATECALL_DAY=blizzard make ${0##*/} shows the day of a storm."
      ;;
    *) say "${0##*/}: GATECALL_DAY must be blizzard or ordinary, not $day"; exit 2 ;;
  esac
}

[[ $speed =~ ^[0-9]+(\.[0-9]+)?$ && ! $speed =~ ^0+(\.0+)?$ ]] || {
  say "${0##*/}: GATECALL_SPEED must be a number such as 60 or 0.5, not $speed"
  exit 2
}

# Prints the seconds of the replayed day that pass in SECONDS of real time.
there_passes() { # SECONDS
  awk -v seconds="$1" -v speed="$speed" 'BEGIN { printf "%d", seconds * speed }'
}

# Converts an instant such as 2013-02-08T15:00:00Z to Unix seconds, and back, with GNU's or BSD's date.
to_seconds() { date -u -d "$1" +%s 2>/dev/null || date -u -j -f %Y-%m-%dT%H:%M:%SZ "$1" +%s; }
to_instant() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$1" +%Y-%m-%dT%H:%M:%SZ; }

# The local time of the replayed day, such as 15:00.
time_there() { # UNIX_SECONDS
  local local_s=$(($1 - behind_h * 3600))
  printf '%02d:%02d' $((local_s / 3600 % 24)) $((local_s / 60 % 60))
}

# A key in characters that need no escaping.
new_key() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'; }

must_be_built() { # TARGET
  local program
  for program in gatecall mock-feeds; do
    [[ -x $bin/$program ]] || { say "${0##*/}: $bin/$program is missing; 'make $1' builds it"; exit 1; }
  done
}

# Each PLACE is "WHAT IP:PORT VARIABLE".
must_be_free() { # TARGET PLACE…
  local target=$1 one variable rest address what
  shift
  for one in "$@"; do
    variable=${one##* } rest=${one% *}
    address=${rest##* } what=${rest% *}
    [[ $address =~ ^[0-9.]+:[0-9]+$ ]] || {
      say "${0##*/}: an address must be IP:PORT, such as 127.0.0.1:5000, not $address"
      exit 2
    }
    if connects "$address"; then
      say "${0##*/}: the $what cannot listen on $address, which another program uses."
      say "     Stop that program, or choose another address: $variable=127.0.0.1:PORT make $target"
      exit 1
    fi
  done
}

# Sets the demo's own part of the configuration.
demo_environment() { # KEY_FILE
  export GATECALL__FEEDS__JFK__KEY_FILE=$1
  export GATECALL__FEEDS__LGA__URL=http://$airports/lga/aidx
  export "GATECALL__FEEDS__EWR__URL=http://$airports/ewr/flights?page=0"
  export GATECALL_EWR_APP_KEY=${GATECALL_EWR_APP_KEY:-demo}
  # A log line for every request would hide the important lines on a terminal.
  export GATECALL__LOG__FILTER=${GATECALL__LOG__FILTER:-info,actix_server=warn,gatecall::http::middleware=warn}
}

# Starts the mock airports, sets `feeds` to their process id, and waits until they listen.
start_feeds() { # CLOCK HUB KEY_FILE
  "$bin/mock-feeds" replay --day "$day" --clock "$1" --hub "http://$2" --listen "$airports" --jfk-key-file "$3" &
  feeds=$!
  for ((i = 0; i < 100; i++)); do
    connects "$airports" && break
    kill -0 "$feeds" 2>/dev/null || break
    sleep 0.1
  done
}

# Succeeds if GET /readyz returns 200.
ready() { # ADDRESS
  (
    exec 3<>"/dev/tcp/${1%:*}/${1##*:}"
    printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
    read -r -t 3 _ status _ <&3
    [[ $status == 200 ]]
  ) 2>/dev/null
}

# The URL of ADDRESS for a browser.
page_of() { # ADDRESS
  if [[ ${1%:*} == 127.0.0.1 ]]; then echo "http://localhost:${1##*:}"; else echo "http://$1"; fi
}

# Prints lines in a box.
boxed() {
  local rule one
  rule=$(printf '─%.0s' {1..68})
  printf '\n  ┌%s┐\n' "$rule" >&2
  for one in "$@"; do printf '  │ %-66s │\n' "$one" >&2; done
  printf '  └%s┘\n\n' "$rule" >&2
}
