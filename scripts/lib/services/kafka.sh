# shellcheck shell=bash disable=SC2034,SC2154
# Apache Kafka from Maven Central: one node that is broker and controller. scripts/services sources this file.

KAFKA_VERSION=4.1.0
KAFKA_SCALA=2.13
KAFKA_SLF4J=1.7.36
KAFKA_DEPENDENCY_PLUGIN=3.8.1

kafka_title="Apache Kafka $KAFKA_VERSION"
kafka_port_default=19092
kafka_port_variable=SERVICES_KAFKA_PORT
kafka_controller_port_default=19093
kafka_controller_port_variable=SERVICES_KAFKA_CONTROLLER_PORT
kafka_given=${GATECALL_TEST_KAFKA:-}
kafka_end_signal=TERM

kafka_url() { echo "127.0.0.1:$(port_of kafka)"; }
kafka_mark() { echo "kafka.Kafka $folder/kafka/server.properties"; }
kafka_answers() { kafka_is_ready "$1"; }
kafka_address_of_url() { echo "${1%%,*}"; }

kafka_needs() {
  local major
  need java "install Java 17 or newer (apt install default-jre-headless, brew install openjdk)" || return 0
  major=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -1)
  [[ ${major:-0} -ge 17 ]] || lacking "Java has version ${major:-unknown}; Kafka needs 17 or newer"
  [[ -f $folder/kafka/libs-$KAFKA_VERSION/.complete ]] ||
    need mvn "install Maven, which downloads Kafka (apt install maven, brew install maven)"
}

kafka_install() {
  local libs=$folder/kafka/libs-$KAFKA_VERSION
  [[ -f $libs/.complete ]] && return
  tell kafka "downloading from Maven Central"
  rm -rf "$libs"
  mkdir -p "$libs"
  cat >"$folder/kafka/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>gatecall</groupId><artifactId>services</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_$KAFKA_SCALA</artifactId>
      <version>$KAFKA_VERSION</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>$KAFKA_SLF4J</version>
    </dependency>
  </dependencies>
</project>
POM
  logged kafka mvn -q -B -f "$folder/kafka/pom.xml" \
    "org.apache.maven.plugins:maven-dependency-plugin:$KAFKA_DEPENDENCY_PLUGIN:copy-dependencies" \
    "-DoutputDirectory=$libs" || return
  touch "$libs/.complete"
}

# Settings for a small machine and one node. The session is short, because a killed broker can only rejoin when
# its old session has ended. `gatecall migrate` sets the options of each topic.
kafka_settings() {
  local port=$1 controller=$2
  cat <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
log.dirs=$folder/kafka/data
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=4
message.max.bytes=8388608
replica.fetch.max.bytes=8388608
log.segment.bytes=67108864
log.retention.hours=72
log.cleaner.dedupe.buffer.size=16777216
log.cleaner.threads=1
log.cleaner.backoff.ms=500
offsets.topic.replication.factor=1
offsets.topic.num.partitions=12
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
PROPERTIES
}

kafka_start() {
  local file=$folder/kafka/server.properties libs="$folder/kafka/libs-$KAFKA_VERSION/*"
  kafka_settings "$(port_of kafka)" "$(port_of kafka-controller)" >"$file"
  if [[ ! -f $folder/kafka/data/meta.properties ]]; then
    local id
    # Sixteen bytes in Kafka's alphabet; a leading dash would be taken for an option.
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')
    logged kafka java -cp "$libs" kafka.tools.StorageTool format -t "${id/#-/A}" -c "$file" || return
  fi
  in_background kafka java -Xms128m -Xmx512m -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError \
    -Dorg.slf4j.simpleLogger.showDateTime=true -Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS \
    -Dorg.slf4j.simpleLogger.showThreadName=false -cp "$libs" kafka.Kafka "$file"
}
