#!/bin/bash
# What the image of Kafka does at a start: its own wrapper writes KAFKA_… into server.properties and formats the folder.
set -euo pipefail
export CLUSTER_ID="${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}"
said=$(java -cp '/opt/kafka/libs/*' kafka.docker.KafkaDockerWrapper setup --default-configs-dir /etc/kafka/docker \
  --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config 2>&1) ||
  grep -i 'already formatted' <<<"$said" || { echo "$said"; exit 1; }
cat /opt/kafka/config/server.properties
exec java -Xmx1G -Xms1G -cp '/opt/kafka/libs/*' kafka.Kafka /opt/kafka/config/server.properties
