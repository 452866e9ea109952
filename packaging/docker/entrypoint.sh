#!/bin/sh
# Starts a container's command with the secrets that files hold: NAME_FILE=/run/secrets/x becomes NAME=<what x holds>.
# Only these names, so that a variable of another program that happens to end in _FILE stays what it is.
set -eu
for name in KIBITZ_BROKER KIBITZ_SENTRY_DSN PGPASSWORD; do
  eval "file=\${${name}_FILE:-}"
  if [ -n "$file" ]; then
    if [ ! -r "$file" ]; then
      echo "The secret $name cannot be read from $file. Run packaging/compose/make_secrets.sh first." >&2
      exit 3
    fi
    # The command substitution takes the line's end away.
    value=$(cat "$file")
    export "$name=$value"
  fi
done
exec "$@"
