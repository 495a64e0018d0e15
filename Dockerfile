# One image for every process of Postern; the command selects the process. docker-compose.yml shows how.
#   docker build -t postern .
# The version is that of the package "node" in package.json, which the tests use.
ARG NODE_IMAGE=node:26.10.0-bookworm-slim

FROM ${NODE_IMAGE} AS source
WORKDIR /app
COPY package.json package-lock.json ./

# Production dependencies, without the embedded PostgreSQL (an optional dependency of 100 MB).
FROM source AS dependencies
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM source AS build
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY nest-cli.json .swcrc tsconfig.json tsconfig.base.json ./
COPY apps ./apps
COPY bench ./bench
COPY examples ./examples
COPY libs ./libs
COPY tools ./tools
RUN node node_modules/@nestjs/cli/bin/nest.js build && node node_modules/vite/bin/vite.js build apps/dashboard

# The example relay, to try Postern with. It needs an SMTP server, which Postern itself does not.
FROM ${NODE_IMAGE} AS demo-relay
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER 1000:1000
EXPOSE 2525
CMD ["node", "--enable-source-maps", "dist/examples/relay-smtp-server/src/main.js"]

FROM ${NODE_IMAGE} AS postern
WORKDIR /app
# For metrics, health and logs: docker build --build-arg POSTERN_COMMIT=$(git rev-parse HEAD) …
ARG POSTERN_COMMIT=
ENV NODE_ENV=production \
    POSTERN_COMMIT=${POSTERN_COMMIT} \
    MALLOC_ARENA_MAX=2 \
    POSTERN_HTTP_HOST=0.0.0.0 \
    POSTERN_HTTP_PORT=8025 \
    POSTERN_DATA_DIR=/var/lib/postern \
    POSTERN_AGENT_HTTP=0.0.0.0:8035 \
    POSTERN_AGENT_DATA_DIR=/var/lib/postern/agent
# Postern stores the first operator key there.
# 1000 is the user `node` of the image.
RUN mkdir /var/lib/postern && chown 1000:1000 /var/lib/postern
# docker-compose.yml mounts its secrets here: a new volume gets the owner and the mode of this folder.
RUN install --directory --owner 1000 --group 1000 --mode 700 /secrets/owner \
    /secrets/command-service /secrets/projection-service /secrets/audit-trail-service
COPY --from=dependencies /app/package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY docs/openapi.json ./docs/openapi.json
COPY --from=build /app/dist/apps ./dist/apps
COPY --from=build /app/dist/libs ./dist/libs
USER 1000:1000
EXPOSE 8025
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 \
  CMD ["node", "dist/apps/cli/src/main.js", "health", "--timeout", "3s"]
# tools/launch.mjs explains these flags.
ENTRYPOINT ["node", "--enable-source-maps", "--max-semi-space-size=8", "--max-old-space-size=512"]
CMD ["dist/apps/standalone/src/main.js"]
