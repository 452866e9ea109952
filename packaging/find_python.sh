#!/usr/bin/env bash
# Prints the first Python >= 3.11 found: $KIBITZ_PYTHON, python3, then the newest python3.N. Exits 1 where there is none.
set -euo pipefail

for name in "${KIBITZ_PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11; do
  path=$(command -v "$name" 2>/dev/null) || continue
  if "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "$path"
    exit 0
  fi
done
exit 1
