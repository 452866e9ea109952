#!/usr/bin/env bash
# Opens the application; where there is no display, does the same job headless with the sample games (make run).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname)" = Darwin ]; then
  exec .venv/bin/kibitz
fi
exec .venv/bin/python -m desktop_app.cli.demo --out out/demo
