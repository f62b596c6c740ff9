# An example application in a small image: `docker build -t page-views .`, then run it with
# KAFKA_BROKERS set and a volume at /state. SIGTERM ends it cleanly: give it 25 seconds.
FROM node:22-slim
ENV NODE_ENV=production STATE_DIR=/state
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force
COPY lib lib
COPY scripts/strip-types.mjs scripts/strip-types.mjs
COPY topologies topologies
RUN install -d -m 0700 -o node -g node /state
USER node
VOLUME /state
CMD ["node", "--import", "./scripts/strip-types.mjs", "--conditions=millrace-source", "topologies/run.ts", "page-views"]
