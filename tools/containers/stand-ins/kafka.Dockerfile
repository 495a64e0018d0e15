# Stands in for the image of Kafka: the broker's jars from Maven, among them the image's own reader of its settings.
FROM scratch
ADD debian.tar /
RUN apt-get update && apt-get install --yes --no-install-recommends openjdk-17-jre-headless
COPY kafka /opt/kafka/libs
COPY kafka-run.sh /etc/kafka/docker/run
COPY kafka-broker-api-versions.sh /opt/kafka/bin/kafka-broker-api-versions.sh
# As in the image, for the owner of the volume.
RUN useradd --uid 1000 --create-home appuser && \
    mkdir -p /var/lib/kafka/data /opt/kafka/config /mnt/shared/config && \
    touch /etc/kafka/docker/server.properties && \
    for config in log4j2.yaml tools-log4j2.yaml; do \
      printf 'Configuration:\n  Properties: {}\n  Appenders: {}\n  Loggers: {}\n' > /etc/kafka/docker/$config; \
    done && \
    chown -R appuser:root /var/lib/kafka /opt/kafka /etc/kafka
USER appuser
VOLUME ["/var/lib/kafka/data", "/mnt/shared/config"]
CMD ["/etc/kafka/docker/run"]
