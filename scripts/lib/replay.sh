# shellcheck shell=bash disable=SC2034,SC2154
# Where a replayed day of the cluster stands, and databases of its own for each. To be sourced after
# demo.sh.

# Goes on where the last run of this day stopped, unless the day is over. Each day has a file. Gives `clock`, and
# `replay`, by which this day's topics and databases are known.
choose_instant() { # FILE DRY
  local saved_replay='' saved_day='' saved='' from=$start
  anchor=$(date +%s)
  replay=$day-$(date +%Y%m%d-%H%M%S)
  replay=${replay//-/_}
  [[ ! -f $1 ]] || read -r saved_replay saved_day saved <"$1" || true
  if [[ $saved_day == "$day" && $saved < $end && ! $saved < $start ]]; then
    from=$saved replay=$saved_replay
    say "The day goes on at $from."
  else
    [[ -z $saved ]] || say "The last replay ended at $saved; its data stays in the servers until scripts/services wipe."
    say "A fresh day begins."
  fi
  from_seconds=$(to_seconds "$from")
  clock="$from@$speed/$anchor"
}

save_instant() { # FILE
  local now
  now=$(to_instant $((from_seconds + $(there_passes $(($(date +%s) - anchor))))))
  echo "$replay $day $now" >"$1.new" && mv "$1.new" "$1"
}

# The URL of another database beside that of URL.
beside() { # URL DATABASE
  local query=''
  [[ $1 != *\?* ]] || query="?${1#*\?}"
  local bare=${1%%\?*}
  echo "${bare%/*}/$2$query"
}

# Makes a PostgreSQL database where there is none.
make_database() { # URL DATABASE
  # shellcheck source=services/postgres.sh
  source scripts/lib/services/postgres.sh
  postgres_program psql >/dev/null || { say "${0##*/}: psql is missing (apt install postgresql-client)"; exit 1; }
  postgres_query "$1" >/dev/null <<SQL
select 'create database $2' where not exists (select from pg_database where datname = '$2') \\gexec
SQL
}
