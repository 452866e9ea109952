#!/usr/bin/env bash
# Installs the system packages Kibitz needs on Debian 12+ and Ubuntu 24.04+; does nothing where all are there.
#
#   packaging/system_packages.sh run     what the application needs: Python, Stockfish, Qt's runtime libraries
#   packaging/system_packages.sh test    the same, and what the tests need: a virtual display with tools that drive it, PostgreSQL,
#                                        Redis, RabbitMQ (none of them is started: the tests start their own)
#
# A name with alternatives ("a|b") is installed under the first name this release knows: package names differ
# between releases. Needs root or sudo only when something is missing.
set -euo pipefail

purpose=${1:-run}
here=$(cd "$(dirname "$0")" && pwd)

packages=(
  "libglib2.0-0t64|libglib2.0-0"
  libegl1 libgl1 libdbus-1-3 libxkbcommon0 libfontconfig1 libfreetype6
  libxcb-cursor0 libxkbcommon-x11-0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0
)
if [ "$purpose" = test ]; then
  packages+=(xvfb xdotool openbox x11-utils imagemagick postgresql redis-server rabbitmq-server)
fi
# The fast reader of games is compiled when the project is installed.
if ! command -v "${CC:-cc}" >/dev/null; then
  packages+=(gcc libc6-dev)
fi
if ! PATH="$PATH:/usr/games:/usr/local/bin" command -v stockfish >/dev/null; then
  packages+=(stockfish)
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This is not a Debian or Ubuntu system: Stockfish and Qt's libraries are taken as they are (see README.md)."
  exit 0
fi

python=$("$here/find_python.sh" || true)
if [ -z "$python" ]; then
  packages+=(python3 python3-venv python3-dev)
else
  minor=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    packages+=("python$minor-venv|python3-venv")
  fi
  if [ ! -e "$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ]; then
    packages+=("python$minor-dev|python3-dev")
  fi
fi

installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

wanted=()
for alternatives in "${packages[@]}"; do
  found=
  for name in ${alternatives//|/ }; do
    if installed "$name"; then found=yes; fi
  done
  if [ -z "$found" ]; then wanted+=("$alternatives"); fi
done
if [ ${#wanted[@]} -eq 0 ]; then
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Missing system packages: ${wanted[*]}. Install them as root, then run this again." >&2
    exit 3
  fi
  as_root=(sudo)
fi

export DEBIAN_FRONTEND=noninteractive
echo "Installing system packages: ${wanted[*]}"
"${as_root[@]}" apt-get update -q
names=()
for alternatives in "${wanted[@]}"; do
  chosen=
  for name in ${alternatives//|/ }; do
    policy=$(apt-cache policy "$name")
    if [ -z "$chosen" ] && [[ $policy == *"Candidate: "[^\(]* ]]; then chosen=$name; fi
  done
  if [ -z "$chosen" ]; then
    echo "No package source of this system offers ${alternatives//|/ or }." >&2
    exit 3
  fi
  names+=("$chosen")
done
# What the tests install are servers; Debian starts each as soon as it is there, unless told not to.
no_services=/usr/sbin/policy-rc.d
if [ "$purpose" = test ] && [ ! -e "$no_services" ]; then
  trap '"${as_root[@]}" rm -f "$no_services"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$no_services" >/dev/null
  "${as_root[@]}" chmod 755 "$no_services"
fi
# Another apt (a fresh cloud machine updates itself) may hold the lock for a while: wait for it.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${names[@]}"
