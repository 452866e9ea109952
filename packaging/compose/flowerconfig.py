"""How Flower is started by compose.yaml: asked for a password, and remembering nothing."""

from pathlib import Path

address = "0.0.0.0"  # noqa: S104 - inside its container, on a network without a way out
port = 5555
basic_auth = [Path("/run/secrets/flower_auth").read_text(encoding="utf-8").strip()]
max_tasks = 5000
persistent = False
purge_offline_workers = 300
