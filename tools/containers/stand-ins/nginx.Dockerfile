# Stands in for the image of nginx: Debian's own, which is older than the one in docker-compose.yml.
FROM scratch
ADD debian.tar /
RUN apt-get update && apt-get install --yes --no-install-recommends nginx-light wget
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
