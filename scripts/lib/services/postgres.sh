# shellcheck shell=bash disable=SC2034,SC2154
# The machine's PostgreSQL, with a separate data folder. scripts/services sources this file.

POSTGRES_MAJOR_MIN=13

postgres_title=PostgreSQL
postgres_port_default=15432
postgres_port_variable=SERVICES_POSTGRES_PORT
postgres_given=${GATECALL_TEST_POSTGRES:-}
# SIGINT ends sessions and shuts down cleanly; SIGTERM would wait for clients.
postgres_end_signal=INT

postgres_url() {
  local password
  password=$(cat "$folder/postgres/password" 2>/dev/null) || password=unknown
  echo "postgres://gatecall:$password@127.0.0.1:$(port_of postgres)/gatecall"
}
postgres_mark() { echo "$folder/postgres/data"; }

postgres_address_of_url() { # postgres://USER:PASSWORD@HOST:PORT/DATABASE?…
  local rest=${1#*://}
  rest=${rest##*@}
  rest=${rest%%[/?]*}
  [[ $rest == *:* ]] || rest=$rest:5432
  echo "$rest"
}

# Runs the query on standard input. The password is passed in the environment, because other users can see
# arguments.
postgres_query() { # URL
  local who=${1#*://} password=
  who=${who%%@*}
  [[ $1 == *@* && $who == *:* ]] && password=${who#*:}
  PGPASSWORD=$(printf '%b' "${password//%/\\x}") PGCONNECT_TIMEOUT=3 timeout 20 "$(postgres_program psql)" \
    -X -q -A -t -v ON_ERROR_STOP=1 -d "${1/":$password@"/@}"
}

# Succeeds if the server accepts the password and a query. Without psql, checks only the port.
postgres_answers() { # ADDRESS URL
  if postgres_program psql >/dev/null; then
    [[ $(postgres_query "$2" <<<'select 1' 2>/dev/null) == 1 ]]
  else
    connects "$1"
  fi
}

# Finds a PostgreSQL program in the folders of Debian, Red Hat, Homebrew and others; the newest first.
postgres_program() { # NAME
  local found
  for found in $(printf '%s\n' /usr/lib/postgresql/*/bin/"$1" /usr/pgsql-*/bin/"$1" \
    /opt/homebrew/opt/postgresql*/bin/"$1" /usr/local/opt/postgresql*/bin/"$1" | sort -rV); do
    [[ -x $found ]] && { echo "$found"; return; }
  done
  command -v "$1"
}

postgres_needs() {
  local program major
  if ! program=$(postgres_program postgres) || ! postgres_program initdb >/dev/null; then
    lacking "PostgreSQL is missing: install $POSTGRES_MAJOR_MIN or newer (apt install postgresql, brew install postgresql)"
    return
  fi
  major=$("$program" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
  [[ $major -ge $POSTGRES_MAJOR_MIN ]] ||
    lacking "PostgreSQL has version $major; $POSTGRES_MAJOR_MIN or newer is needed"
}

# PostgreSQL refuses to run as root, so root runs it as another user.
postgres_as=()
if [[ $(id -u) == 0 ]]; then
  postgres_user=nobody
  ! id postgres >/dev/null 2>&1 || postgres_user=postgres
  postgres_as=(setpriv "--reuid=$postgres_user" "--regid=$(id -g "$postgres_user")" --init-groups --)
fi

postgres_install() {
  local home=$folder/postgres initdb
  [[ -f $home/data/PG_VERSION ]] && return
  initdb=$(postgres_program initdb)
  tell postgres "creating its data folder with $("$initdb" --version)"
  # Remove the remains of an interrupted attempt.
  rm -rf "$home/data" "$home/.database"
  mkdir -p "$home/data"
  [[ -s $home/password ]] || (umask 077 && head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$home/password")
  if [[ $(id -u) == 0 ]]; then
    chmod a+x "$folder" "$home"
    chown "$postgres_user" "$home/data" "$home/password"
    "${postgres_as[@]}" test -w "$home/data" || {
      say "services: PostgreSQL cannot run as root, and $postgres_user cannot enter $home."
      say "          Choose a folder that other users can enter: SERVICES_FOLDER=/var/tmp/gatecall-services"
      return 1
    }
  fi
  # Run in its own folder, because the other user may not enter the current one.
  (cd "$home" && logged postgres ${postgres_as[@]+"${postgres_as[@]}"} "$initdb" -D "$home/data" -U gatecall \
    --pwfile="$home/password" -E UTF8 --locale=C --auth=scram-sha-256)
}

postgres_start() {
  local home=$folder/postgres port
  port=$(port_of postgres)
  cd "$home" || return
  # No socket file: its path may be too long, and it is not needed. fsync stays on, as in production.
  in_background postgres ${postgres_as[@]+"${postgres_as[@]}"} "$(postgres_program postgres)" -D "$home/data" \
    -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200
  [[ -f $home/.database ]] && return
  postgres_program psql >/dev/null || { say "services: psql, PostgreSQL's client, is missing"; return 1; }
  for ((i = 0; i < 150; i++)); do
    if postgres_query "postgres://gatecall:$(cat "$home/password")@127.0.0.1:$port/postgres" >>"$home/log" 2>&1 \
      <<<"select 'create database gatecall'
        where not exists (select from pg_database where datname = 'gatecall') \gexec"; then
      touch "$home/.database"
      return
    fi
    runs postgres || break
    sleep 0.2
  done
  return 1
}
