#!/usr/bin/env bash
# Makes a virtual environment from a hashed lock file and installs this project into it, in place. The fast reader is
# compiled where a C compiler is at hand (setup.py); where none is, it runs as Python and nothing else changes.
#
#   packaging/setup_venv.sh .venv requirements.lock
#
# A stamp inside the environment holds the digest of what it was made from; while that fits, this does nothing. The
# stamp is written last, so that an interrupted run is simply taken up again.
set -euo pipefail

venv=$1
lock=$2
build_lock=requirements-build.lock
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

if command -v flock >/dev/null; then
  exec 9<"$lock"
  flock 9
fi

digest() {
  cat "$lock" "$build_lock" pyproject.toml setup.py packaging/setup_venv.sh desktop_app/*/fast/*.p* | if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}

stamp="$venv/.kibitz-stamp"
# A compiler that came or went changes what is built.
want="$(digest) $root ${KIBITZ_PURE:-} $(command -v "${CC:-cc}" || true)"
if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
  exit 0
fi

python=$(packaging/find_python.sh) || {
  echo "Kibitz needs Python 3.11 or newer, and found none. Install python3 and python3-venv." >&2
  exit 3
}
rm -f "$stamp"
if ! "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  rm -rf "$venv"
  "$python" -m venv --without-pip "$venv"
fi
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >/dev/null

echo "Installing Python packages from $lock into $venv"
# PEP 517: python-chess comes as source, and an old pip would otherwise run its setup.py in our environment.
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USE_PEP517=1
"$venv/bin/python" -m pip install --quiet --require-hashes --requirement "$lock"
"$venv/bin/python" -m pip install --quiet --require-hashes --requirement "$build_lock"
rm -f desktop_app/*/fast/*.so  # nothing stale stays where this time nothing is compiled
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
echo "$want" >"$stamp.new"
mv "$stamp.new" "$stamp"
