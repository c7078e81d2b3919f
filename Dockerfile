# podreach for --cluster context: inside a cluster, or wherever a kubeconfig can be mounted. The sandbox and kind need more than a
# container without privileges has.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.ts scripts/bundle.ts scripts/
COPY src/ src/
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
LABEL org.opencontainers.image.title="podreach" \
      org.opencontainers.image.source="https://github.com/podreach/podreach" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE kind-config.yaml ./
COPY schema/ schema/
COPY scenarios/ scenarios/
COPY --from=build /app/node_modules/ node_modules/
COPY --from=build /app/dist/ dist/
# The image's own user `node`, by number: Kubernetes cannot tell that a name is not root.
USER 1000:1000
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["--help"]
