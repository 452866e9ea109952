#!/bin/sh
# Makes the passwords that compose.yaml reads, once; run again it keeps those that are there. Nothing is printed.
# The folder is closed to other users; the files in it are readable, since each container's own user has to read them.
set -eu
folder=${1:-"$(dirname "$0")/secrets"}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
put() { # name, text
  if [ ! -e "$folder/$1" ]; then
    printf '%s\n' "$2" > "$folder/$1"
  fi
  chmod 444 "$folder/$1"
}

put postgres_password "$(random)"
put grafana_password "$(random)"
put flower_auth "kibitz:$(random)"
put redis_password "$(random)"
password=$(cat "$folder/redis_password")
put redis_auth.conf "requirepass $password"
put broker_url "redis://:$password@redis:6379/0"
# Filled with the token that `kibitz token create` prints (docs/cluster.md); until then Prometheus is refused.
if [ ! -e "$folder/metrics_token" ]; then : > "$folder/metrics_token"; fi
chmod 644 "$folder/metrics_token"
