# shellcheck shell=bash
# Queries a server with the bytes of its own protocol: a better check than an open port, without a client
# program. Source this file.

# The maximum size of a response, and the time limit for it.
ANSWER_BYTES_MAX=65536
ANSWER_WAIT_S=5

# Sends a request, given in hex, and prints the response in hex without its length. The first four bytes of a
# response are its length: `big` endian and exclusive of these bytes (Kafka), or `little` endian and inclusive
# (MongoDB).
ask() { # ADDRESS big|little HEX
  local bytes
  # shellcheck disable=SC2001
  bytes=$(sed 's/../\\x&/g' <<<"$3")
  # shellcheck disable=SC2016
  timeout "$ANSWER_WAIT_S" bash -c '
    set -euo pipefail
    exec 3<>"/dev/tcp/$1/$2"
    printf "$4" >&3
    hex() { head -c "$1" <&3 | od -An -v -tx1 | tr -d " \n"; }
    h=$(hex 4)
    [[ ${#h} == 8 ]]
    if [[ $3 == big ]]; then length=$((16#$h))
    else length=$((16#${h:6:2}${h:4:2}${h:2:2}${h:0:2} - 4)); fi
    ((length > 0 && length <= $5))
    hex "$length"
  ' ask "${1%:*}" "${1##*:}" "$2" "$bytes" "$ANSWER_BYTES_MAX" 2>/dev/null
}

# Kafka: a metadata request, version 4, without topics. A response with at least one broker means that clients
# can create topics and write to them.
kafka_is_ready() { # ADDRESS
  local answer
  #                       length  key version correlation client  no topics, create none
  answer=$(ask "$1" big "0000000f""0003""0004""00000001""ffff""00000000""00") || return 1
  # Correlation id, throttle time, then the number of brokers.
  [[ ${answer:0:8} == 00000001 ]] && ((16#${answer:16:8} >= 1))
}

# MongoDB: a command without arguments to the database admin, in hex of OP_MSG.
mongo_command() { # NAME
  local name document
  name=$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n')
  document="10${name}0001000000""022464620006000000""61646d696e00""00"
  # Sizes are little endian and below 256.
  printf '%02x00000001000000''00000000''dd070000''00000000''00''%02x000000%s' \
    $((21 + 4 + ${#document} / 2)) $((4 + ${#document} / 2)) "$document"
}

# The server accepts majority writes: it is the primary of its replica set.
mongo_is_ready() { # ADDRESS
  local answer
  answer=$(ask "$1" little "$(mongo_command hello)") || return 1
  # The response has isWritablePrimary = true and a setName.
  [[ $answer == *"08$(printf isWritablePrimary | od -An -v -tx1 | tr -d ' \n')0001"* ]] &&
    [[ $answer == *"02$(printf setName | od -An -v -tx1 | tr -d ' \n')00"* ]]
}
