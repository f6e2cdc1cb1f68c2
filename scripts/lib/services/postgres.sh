# shellcheck shell=bash disable=SC2034,SC2154
# PostgreSQL as the machine has it, with data of its own. Sourced by scripts/services.

POSTGRES_MAJOR_MIN=13

postgres_title=PostgreSQL
postgres_port_default=15432
postgres_port_variable=SERVICES_POSTGRES_PORT
postgres_given=${GATECALL_TEST_POSTGRES:-}
# Ends sessions and closes the files well; TERM would wait for its clients.
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

# Asks what stands on standard input. The password goes by the environment: arguments are seen by all.
postgres_query() { # URL
  local who=${1#*://} password=
  who=${who%%@*}
  [[ $1 == *@* && $who == *:* ]] && password=${who#*:}
  PGPASSWORD=$(printf '%b' "${password//%/\\x}") PGCONNECT_TIMEOUT=3 timeout 20 "$(postgres_program psql)" \
    -X -q -A -t -v ON_ERROR_STOP=1 -d "${1/":$password@"/@}"
}

# It takes a password and a query. Without its client, its port must do.
postgres_answers() { # ADDRESS URL
  if postgres_program psql >/dev/null; then
    [[ $(postgres_query "$2" <<<'select 1' 2>/dev/null) == 1 ]]
  else
    connects "$1"
  fi
}

# Where Debian, Red Hat, Homebrew and others put PostgreSQL's programs; the newest first.
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
    lacking "PostgreSQL is of version $major: $POSTGRES_MAJOR_MIN or newer is needed"
}

# PostgreSQL refuses to run as root, so root runs it as somebody else.
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
  tell postgres "gets a data folder of its own, by $("$initdb" --version)"
  # What an end half-way left.
  rm -rf "$home/data" "$home/.database"
  mkdir -p "$home/data"
  [[ -s $home/password ]] || (umask 077 && head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$home/password")
  if [[ $(id -u) == 0 ]]; then
    chmod a+x "$folder" "$home"
    chown "$postgres_user" "$home/data" "$home/password"
    "${postgres_as[@]}" test -w "$home/data" || {
      say "services: PostgreSQL cannot run as root, and $postgres_user cannot enter $home."
      say "          Choose a folder that others may pass through: SERVICES_FOLDER=/var/tmp/gatecall-services"
      return 1
    }
  fi
  # From its own folder: where we are, another user may not be.
  (cd "$home" && logged postgres ${postgres_as[@]+"${postgres_as[@]}"} "$initdb" -D "$home/data" -U gatecall \
    --pwfile="$home/password" -E UTF8 --locale=C --auth=scram-sha-256)
}

postgres_start() {
  local home=$folder/postgres port
  port=$(port_of postgres)
  cd "$home" || return
  # No socket file: its path may be too long, and nobody needs it. fsync stays on, as in earnest.
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
