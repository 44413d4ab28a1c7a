# The MCP Server. docs/DEPLOYMENT.md shows how to run it.
#
#   docker build -t mcp-server .

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p mcp-server \
    && install -D target/release/mcp-server /out/mcp-server

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 mcp \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin mcp \
    && install -d -o mcp -g mcp -m 0700 /data
COPY --from=build /out/mcp-server /usr/local/bin/mcp-server
COPY LICENSE LICENSES.md /usr/share/doc/mcp-server/

USER 10001:10001
WORKDIR /data
VOLUME /data
# Inside a container loopback is reachable only from the container. If you publish the port, set MCP_API_KEY.
ENV MCP_HOST=0.0.0.0 \
    DATABASE_URL=/data/memory.db
EXPOSE 8000

# The image has no HTTP client, so bash sends the request.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${MCP_PORT:-8000} && printf 'GET /live HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [[ $status == 200 ]]"]

ENTRYPOINT ["mcp-server"]
CMD ["start"]
