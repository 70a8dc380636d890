# syntax=docker/dockerfile:1

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# Dependencies are kept, fetched and compiled, in two cache mounts for each architecture. Layers of them would need a
# copy of the workspace with empty crates, and one new dependency would compile all of them again.
# Cargo compares times, and a file of this checkout may be older than what another one left in the cache: hence `touch`.
ARG TARGETARCH
RUN --mount=type=cache,id=roster-registry-$TARGETARCH,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=roster-target-$TARGETARCH,target=/target,sharing=locked \
    find . -type f -exec touch {} + \
    && CARGO_TARGET_DIR=/target tools/dist /image/roster \
    && install -d /image/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /image/roster /roster
# A new volume takes over the owner of the folder that it covers.
COPY --from=build --chown=65532:65532 /image/data /data
# By number: Kubernetes can tell from it that this is not root.
USER 65532:65532
VOLUME /data
# Who may read and write users (ROSTER_AUTH) must be set by the operator: without it the process does not start.
ENV ROSTER_STORAGE=sqlite:/data/roster.db \
    ROSTER_LISTEN=0.0.0.0:8080 \
    ROSTER_MANAGEMENT_LISTEN=0.0.0.0:8081 \
    ROSTER_LOG=json
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --start-interval=1s CMD ["/roster", "health"]
ENTRYPOINT ["/roster"]
CMD ["serve"]

# Last, since they differ from commit to commit.
ARG SOURCE VERSION REVISION
LABEL org.opencontainers.image.title="Roster" \
      org.opencontainers.image.description="Users with their avatars" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
