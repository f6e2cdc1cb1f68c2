# shellcheck shell=bash
# What several scripts need to speak, to find ports and to end what they started. To be sourced.

say() { printf '%s\n' "$*" >&2; }

# Milliseconds of some clock that only goes forward, to tell how long a thing took.
now_ms() {
  local now=${EPOCHREALTIME:-}
  if [[ -n $now ]]; then
    now=${now/[.,]/}
    echo "${now%???}"
  else
    echo $((SECONDS * 1000))
  fi
}

# 1234 -> 1.2 s
in_seconds() { printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100)); }

# HOST:PORT is listened on?
connects() { (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }

# The process PID is there, and its command line holds TEXT? Ids are given anew after a while, so a
# remembered id alone proves nothing.
is_program() { # PID TEXT
  local line
  [[ $1 =~ ^[0-9]+$ ]] && line=$(ps -ww -o command= -p "$1" 2>/dev/null) && [[ $line == *"$2"* ]]
}

# Asks one of our children to end and waits for it; one that hangs is not waited for without end.
end() { # PID SECONDS
  [[ -n $1 ]] && kill -TERM "$1" 2>/dev/null || return 0
  for ((i = 0; i < $2 * 10; i++)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
}
