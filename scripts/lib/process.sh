# shellcheck shell=bash
# Shared functions to print messages, find ports and stop processes. Source this file.

say() { printf '%s\n' "$*" >&2; }

# Milliseconds since a fixed instant, to measure durations.
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

# Succeeds if a program listens on HOST:PORT.
connects() { (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }

# Succeeds if the process PID exists and its command line contains TEXT. The system reuses process ids, so a
# stored id alone proves nothing.
is_program() { # PID TEXT
  local line
  [[ $1 =~ ^[0-9]+$ ]] && line=$(ps -ww -o command= -p "$1" 2>/dev/null) && [[ $line == *"$2"* ]]
}

# Sends TERM to a child and waits for its end; after SECONDS sends KILL.
end() { # PID SECONDS
  [[ -n $1 ]] && kill -TERM "$1" 2>/dev/null || return 0
  for ((i = 0; i < $2 * 10; i++)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
}
