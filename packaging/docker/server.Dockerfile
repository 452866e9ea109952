# syntax=docker/dockerfile:1
# The analysis server: `kibitz serve` and `kibitz token`; no Qt, no engine.
# Build it from the root of the source tree:  docker build -f packaging/docker/server.Dockerfile -t kibitz-server:0.1.0 .

FROM python:3.11.11-slim-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc=4:12.2.0-3 libc6-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY requirements-server.lock requirements-build.lock ./
RUN python -m venv /opt/kibitz \
 && /opt/kibitz/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements-server.lock \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements-build.lock \
 && /opt/build/bin/pip install --no-cache-dir pip==25.0.1
COPY pyproject.toml setup.py MANIFEST.in README.md LICENSE ./
COPY desktop_app desktop_app
COPY resources resources
# Built by the locked tools, installed without asking any registry again.
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation -w /wheels . \
 && /opt/kibitz/bin/pip install --no-cache-dir --no-deps --no-index /wheels/kibitz-*.whl

FROM python:3.11.11-slim-bookworm
LABEL org.opencontainers.image.title="Kibitz server" \
      org.opencontainers.image.licenses="GPL-3.0-or-later"
RUN groupadd --gid 10001 kibitz \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/kibitz --create-home --shell /usr/sbin/nologin kibitz
COPY --from=build /opt/kibitz /opt/kibitz
COPY packaging/docker/entrypoint.sh /usr/local/bin/kibitz-entrypoint
ENV PATH=/opt/kibitz/bin:/usr/local/bin:/usr/bin:/bin:/usr/games \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LANG=C.UTF-8 \
    KIBITZ_LOG=json
USER 10001:10001
WORKDIR /var/lib/kibitz
STOPSIGNAL SIGTERM
EXPOSE 8642
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8642/readyz', timeout=4)"]
ENTRYPOINT ["/bin/sh", "/usr/local/bin/kibitz-entrypoint"]
CMD ["kibitz", "serve"]
