# Stands in for the image of PostgreSQL: the embedded PostgreSQL's binaries, started as that image's documentation says.
FROM scratch
ADD debian.tar /
# As in the image, for the owner of the volume.
RUN groupadd --system --gid 999 postgres && \
    useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql postgres && \
    install --directory --owner postgres --group postgres --mode 1777 /var/lib/postgresql && \
    install --directory --owner postgres --group postgres --mode 3777 /run/postgresql
# For pg_isready, which the embedded binaries lack.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client
COPY postgres /usr/lib/postgresql/18
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/18/bin \
    PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
CMD ["postgres"]
