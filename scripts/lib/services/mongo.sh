# shellcheck shell=bash disable=SC2034,SC2154
# A server with MongoDB's protocol: MongoDB if it is installed, otherwise SecantusDB from PyPI, which uses the
# same storage engine (WiredTiger). scripts/services sources this file.

SECANTUS_VERSION=0.7.0b3

if command -v mongod >/dev/null 2>&1; then mongo_title=MongoDB; else mongo_title="SecantusDB $SECANTUS_VERSION"; fi
mongo_port_default=17017
mongo_port_variable=SERVICES_MONGO_PORT
mongo_given=${GATECALL_TEST_MONGO:-}
mongo_end_signal=TERM

mongo_url() { echo "mongodb://127.0.0.1:$(port_of mongo)/?directConnection=true"; }
mongo_mark() { echo "$folder/mongo/data"; }

mongo_address_of_url() { # mongodb://USER:PASSWORD@HOST:PORT,HOST:PORT/…
  local rest=${1#*://}
  rest=${rest##*@}
  rest=${rest%%[/?]*}
  rest=${rest%%,*}
  [[ $rest == *:* ]] || rest=$rest:27017
  echo "$rest"
}

# Succeeds if the server is a primary, so that majority writes work. A new mongod of this script is not a primary
# yet, so this initiates its replica set.
mongo_answers() { # ADDRESS
  mongo_is_ready "$1" && return
  [[ -z $mongo_given && $mongo_title == MongoDB ]] && ask "$1" little "$(mongo_command replSetInitiate)" >/dev/null
  mongo_is_ready "$1"
}

mongo_needs() {
  [[ $mongo_title == MongoDB || -f $folder/mongo/venv-$SECANTUS_VERSION/.complete ]] && return
  need python3 "install Python 3.10 or newer (apt install python3-venv), or MongoDB 7 or newer (mongod)" || return 0
  python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
    lacking "python3 is too old or lacks venv: install 3.10 or newer with venv (apt install python3-venv), or MongoDB (mongod)"
}

mongo_install() {
  local venv=$folder/mongo/venv-$SECANTUS_VERSION
  mkdir -p "$folder/mongo/data"
  [[ $mongo_title == MongoDB || -f $venv/.complete ]] && return
  tell mongo "MongoDB is not installed; downloading $mongo_title from PyPI"
  rm -rf "$venv"
  logged mongo python3 -m venv "$venv" || return
  logged mongo "$venv/bin/pip" install -q --disable-pip-version-check --only-binary=:all: \
    "secantusdb==$SECANTUS_VERSION" || return
  touch "$venv/.complete"
}

mongo_start() {
  local home=$folder/mongo
  if [[ $mongo_title == MongoDB ]]; then
    in_background mongo mongod --replSet gatecall --bind_ip 127.0.0.1 --port "$(port_of mongo)" \
      --dbpath "$home/data" --wiredTigerCacheSizeGB 0.25
  else
    # Run in its own folder, which contains no other program's configuration.
    cd "$home" || return
    in_background mongo "$home/venv-$SECANTUS_VERSION/bin/secantusd-py" --host 127.0.0.1 \
      --port "$(port_of mongo)" --storage-path "$home/data" --cache-size 256M --sync-on-commit
  fi
}
