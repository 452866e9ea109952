#!/usr/bin/env bash
# Writes the committed lock files from uv.lock. They hold versions and hashes and name no registry, which uv.lock
# does; that is why uv.lock is not committed (docs/decisions/0003).
set -euo pipefail
cd "$(dirname "$0")/.."

export UV_CUSTOM_COMPILE_COMMAND="make lock"
uv export --quiet --frozen --no-emit-project --all-extras --no-default-groups --group dev -o requirements.lock
uv export --quiet --frozen --no-emit-project --extra library --extra postgres --no-default-groups --group test -o requirements-headless.lock
# What the images install (packaging/docker/).
uv export --quiet --frozen --no-emit-project --extra worker --extra sentry --no-default-groups -o requirements-worker.lock
uv export --quiet --frozen --no-emit-project --extra server --extra sentry --no-default-groups -o requirements-server.lock
uv export --quiet --frozen --no-emit-project --only-group build -o requirements-build.lock
if grep -n '://' requirements*.lock; then
  echo "A lock file names a registry." >&2
  exit 1
fi
