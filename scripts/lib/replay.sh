# shellcheck shell=bash disable=SC2034,SC2154
# The position of the cluster in its replayed day, and the databases of each replay. Source this file after
# demo.sh.

# Continues where the last run of this day stopped, unless the day is over. Each day has a file. Sets `clock`, and
# `replay`, which is part of the names of this replay's topics and databases.
choose_instant() { # FILE DRY
  local saved_replay='' saved_day='' saved='' from=$start
  anchor=$(date +%s)
  replay=$day-$(date +%Y%m%d-%H%M%S)
  replay=${replay//-/_}
  [[ ! -f $1 ]] || read -r saved_replay saved_day saved <"$1" || true
  if [[ $saved_day == "$day" && $saved < $end && ! $saved < $start ]]; then
    from=$saved replay=$saved_replay
    say "The day continues at $from."
  else
    [[ -z $saved ]] || say "The last replay ended at $saved; its data stays on the servers until scripts/services wipe."
    say "A new day starts."
  fi
  from_seconds=$(to_seconds "$from")
  clock="$from@$speed/$anchor"
}

save_instant() { # FILE
  local now
  now=$(to_instant $((from_seconds + $(there_passes $(($(date +%s) - anchor))))))
  echo "$replay $day $now" >"$1.new" && mv "$1.new" "$1"
}

# URL with another database.
beside() { # URL DATABASE
  local query=''
  [[ $1 != *\?* ]] || query="?${1#*\?}"
  local bare=${1%%\?*}
  echo "${bare%/*}/$2$query"
}

# Creates a PostgreSQL database, unless it exists.
make_database() { # URL DATABASE
  # shellcheck source=services/postgres.sh
  source scripts/lib/services/postgres.sh
  postgres_program psql >/dev/null || { say "${0##*/}: psql is missing (apt install postgresql-client)"; exit 1; }
  postgres_query "$1" >/dev/null <<SQL
select 'create database $2' where not exists (select from pg_database where datname = '$2') \\gexec
SQL
}
