#!/usr/bin/env bash
# Checks Dockerfile with hadolint, and docker-compose.yml against the Compose specification. Runs nothing: rehearse.sh does.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=tools/containers/.venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tools/containers/requirements.txt

"$venv/bin/hadolint" Dockerfile
"$venv/bin/check-jsonschema" --quiet --builtin-schema vendor.compose-spec docker-compose.yml
echo "Dockerfile: hadolint has no objection. docker-compose.yml: as the Compose specification has it."

if docker compose version >/dev/null 2>&1; then
  docker compose --profile demo --profile relay-agent config --quiet
  echo "docker-compose.yml: Docker Compose reads it."
else
  echo "NOT CHECKED without Docker Compose: whether it resolves docker-compose.yml (anchors, variables, networks)." >&2
fi
echo "NOT CHECKED here: that the images build and run (tools/containers/rehearse.sh)." >&2
