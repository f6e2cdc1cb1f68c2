# syntax=docker/dockerfile:1.7
# Gatecall and the mock airports in one image, with the programs `gatecall` and `mock-feeds`.
#
#   docker build -t gatecall .
#   docker run --rm gatecall gatecall --help
#
# Downloads and compiled crates stay in the builder's cache (--mount=type=cache). After a change of one file,
# only that crate and its dependents are compiled.

FROM node:22-bookworm-slim AS web
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY web ./
# The site contains the protocol page.
COPY docs/PROTOCOL.md /build/docs/
RUN npm run build

# librdkafka is compiled with this image's C compiler and make, and linked statically.
FROM rust:1.94-bookworm AS hub
WORKDIR /build
# Cargo features of the hub. `kafka-tls` adds TLS and SCRAM for Kafka, with OpenSSL, whose headers this image
# has. To build without it: --build-arg FEATURES=
ARG FEATURES="kafka-tls"
COPY .cargo .cargo
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY domain domain
COPY wire wire
COPY actors actors
COPY adapters adapters
COPY mock-feeds mock-feeds
COPY loadtest loadtest
COPY config config
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --release --locked -p gatecall -p gatecall-mock-feeds --features "$FEATURES" \
    && install -D -t /out target/release/gatecall target/release/mock-feeds

FROM debian:bookworm-slim
# Certificates for TLS to airports, Kafka, PostgreSQL and MongoDB; zlib for librdkafka, and OpenSSL for its
# TLS. The image has the other libraries that the programs need (libc, libgcc, libm).
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin gatecall \
    && install -d -o gatecall -g gatecall -m 750 /gatecall/data
WORKDIR /gatecall
COPY --from=hub /out/ /usr/local/bin/
COPY --from=web /build/web/dist web/dist
COPY config config
COPY LICENSE ./
USER 10001:10001
ENV GATECALL__SERVER__API=0.0.0.0:5000 GATECALL__SERVER__WEB=0.0.0.0:3000
EXPOSE 5000 3000
# The folder of the embedded store.
VOLUME /gatecall/data
# The hub handles SIGTERM and SIGINT, also as process 1, and starts no processes, so it needs no init. It
# disconnects its clients within 60 s: allow 90 s (docker stop -t 90).
STOPSIGNAL SIGTERM
# The image has no curl, and the hub has no command that requests /readyz, so bash does.
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/5000 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [[ $status == 200 ]]"]
CMD ["gatecall", "serve"]
