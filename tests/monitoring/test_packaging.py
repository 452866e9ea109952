"""What is shipped for running a cluster in containers, checked without a container engine.

That the same topology works is seen where it is started as plain processes (tests/faults).
"""

from __future__ import annotations

import json
import re
import runpy
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

pytest.importorskip("prometheus_client", reason="the server's extra is not installed")

from desktop_app.cli.commands import COMMANDS
from desktop_app.cli.parser import command_parser
from desktop_app.server.metrics import BatchFigures, ServerMetrics, Sources
from desktop_app.worker.messages import EngineWish, Priority, QueueLengths, WorkerStatus
from desktop_app.worker.metrics import StatusCollector

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "packaging" / "compose"
DOCKER = ROOT / "packaging" / "docker"
OURS = {"server", "worker"}
SPECIFICATION = Path(__file__).parent / "data" / "compose-spec.json"
"""The Compose Specification's own schema (Apache-2.0, see LICENSE.compose-spec beside it)."""


def read(path: Path) -> dict[str, Any]:
    """A YAML file."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


SERVICES: dict[str, Any] = read(COMPOSE / "compose.yaml")["services"]


@pytest.mark.parametrize("name", ["compose.yaml", "monitoring.yaml"])
def test_compose_files_are_valid_by_the_specifications_schema(name: str) -> None:
    """What the specification's schema refuses, no container engine would start."""
    schema = json.loads(SPECIFICATION.read_text(encoding="utf-8"))
    jsonschema.validate(read(COMPOSE / name), schema)


def test_all_parts_are_there() -> None:
    """Server, three workers of two processes, Redis, PostgreSQL, Flower, Prometheus, Grafana."""
    assert set(SERVICES) == {"server", "worker", "redis", "postgres", "flower", "prometheus", "grafana"}
    assert SERVICES["worker"]["deploy"]["replicas"] == 3
    command = SERVICES["worker"]["command"]
    assert command[command.index("--processes") + 1] == "2"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_watched_limited_and_pinned(name: str) -> None:
    """Health check, restart policy, limits of processor, memory and processes, a tag that is a version."""
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"])
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert service["logging"]["options"]["max-size"]
    assert "no-new-privileges:true" in service["security_opt"]
    tag = service["image"].rpartition(":")[2]
    assert re.match(r"v?\d+\.\d+", tag), f"{service['image']} is not pinned"


def test_only_the_server_is_published_and_only_to_this_machine() -> None:
    """No port but the server's; the one for looking at the monitoring, too, is on loopback; the rest has no way out."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"server"}
    overlay = read(COMPOSE / "monitoring.yaml")["services"]
    ports = [port for service in [*SERVICES.values(), *overlay.values()] for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert read(COMPOSE / "compose.yaml")["networks"]["inside"]["internal"] is True
    assert all(service["networks"] == ["inside"] for name, service in SERVICES.items() if name != "server")


def test_secrets_are_files_that_the_script_makes(tmp_path: Path) -> None:
    """No password stands in the files; the script makes each that is asked for, in a closed folder, and keeps it."""
    defined = {name: Path(secret["file"]).name for name, secret in read(COMPOSE / "compose.yaml")["secrets"].items()}
    used = {
        secret if isinstance(secret, str) else secret["source"]
        for service in SERVICES.values()
        for secret in service.get("secrets", [])
    }
    assert used == set(defined)
    folder = tmp_path / "secrets"
    script = ["sh", str(COMPOSE / "make_secrets.sh"), str(folder)]
    subprocess.run(script, check=True, timeout=60)
    made = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    subprocess.run(script, check=True, timeout=60)
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == made
    assert set(made) == set(defined.values())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert made["redis_password"].strip() in made["broker_url"]
    assert all(len(text.strip()) >= 40 for name, text in made.items() if name.endswith("password"))
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or str(value).startswith("/run/secrets/"), name


def test_what_is_mounted_exists() -> None:
    """Each file and folder of the tree that a container gets, and each volume that is named."""
    volumes = set(read(COMPOSE / "compose.yaml")["volumes"])
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert (COMPOSE / source).exists() if source.startswith(".") else source in volumes, mount


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_own_commands_are_ones_that_kibitz_knows(name: str) -> None:
    """The command line of `kibitz` takes what the compose file gives it."""
    program, command, *arguments = SERVICES[name]["command"]
    assert program == "kibitz"
    assert command in COMMANDS
    command_parser(command).parse_args(arguments)


@pytest.mark.parametrize("name", sorted(OURS))
def test_images_are_built_in_stages_and_run_as_nobody_special(name: str) -> None:
    """Pinned bases, a last stage without compilers, a numeric user, no downloads but packages by locked hash."""
    text = (DOCKER / f"{name}.Dockerfile").read_text(encoding="utf-8")
    instructions = [
        line.split(maxsplit=1) for line in text.replace("\\\n", " ").splitlines() if line and line[0] != "#"
    ]
    words = [instruction[0] for instruction in instructions]
    bases = [rest for word, rest in instructions if word == "FROM"]
    assert len(bases) == 2
    assert all(re.match(r"\S+:\d+\.\d+\.\d+\S*( AS build)?$", base) for base in bases)
    last = instructions[len(words) - 1 - words[::-1].index("FROM") :]
    assert ["USER", "10001:10001"] in last
    assert words.index("USER") > max(index for index, word in enumerate(words) if word == "RUN")
    assert "ADD" not in words
    assert not any("curl" in rest or "wget" in rest for word, rest in instructions if word == "RUN")
    assert not any("gcc" in rest for word, rest in last)
    assert {"HEALTHCHECK", "ENTRYPOINT", "STOPSIGNAL"} <= {word for word, _ in last}
    assert f"--require-hashes --no-deps -r requirements-{name}.lock" in text
    for word, rest in instructions:
        if word == "COPY" and not rest.startswith("--from"):
            assert all((ROOT / source).exists() for source in rest.split()[:-1]), rest


def test_an_image_holds_nothing_but_the_program() -> None:
    """The build context leaves out everything and lets in what the images copy: no secrets, no tests, no history."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert all((ROOT / name).exists() for name in let_in)
    copied = {
        source
        for name in OURS
        for rest in re.findall(
            r"^COPY (?!--from)(.+)$", (DOCKER / f"{name}.Dockerfile").read_text("utf-8"), re.MULTILINE
        )
        for source in rest.split()[:-1]
    }
    assert copied == let_in


def test_the_entrypoint_reads_secrets_and_says_which_is_missing(tmp_path: Path) -> None:
    """NAME_FILE becomes NAME; a file that is not there is named, and the program is not started."""
    secret = tmp_path / "broker_url"
    secret.write_text("redis://:a b'c@redis:6379/0\n", encoding="utf-8")
    command = ["sh", str(DOCKER / "entrypoint.sh"), "sh", "-c", 'printf %s "$KIBITZ_BROKER"']
    environment = {"PATH": "/usr/bin:/bin", "KIBITZ_BROKER_FILE": str(secret)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "redis://:a b'c@redis:6379/0"
    secret.unlink()
    failed = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert failed.returncode == 3
    assert "KIBITZ_BROKER" in failed.stderr


def _exported() -> set[str]:
    """The names of all samples that server and worker can show."""
    metrics = ServerMetrics(
        Sources(
            queues=lambda: QueueLengths(1, dict.fromkeys(Priority, 1), 1, 1),
            workers=list,
            batches=lambda: BatchFigures({}, 1.0, 1.0),
        )
    )
    metrics.game(1.0)
    metrics.request(200, 0.1)
    status = WorkerStatus("w", 2, (), EngineWish(), (), 0, 0, 0, 0, 0, 0, draining=False)
    families = [*metrics.registry.collect(), *StatusCollector(lambda: status).collect()]
    names = {sample.name for family in families for sample in family.samples}
    return names | {"up"}  # Prometheus's own


_NOT_METRICS = {
    "absent", "and", "by", "histogram_quantile", "increase", "le", "or", "outcome", "rate", "source", "status", "sum",
}  # fmt: skip


def _metrics_of(expression: str) -> set[str]:
    """The names of metrics in a PromQL expression: every word outside of label matchers, texts and ranges."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", " ", expression)
    assert bare.count("(") == bare.count(")"), expression
    return set(re.findall(r"\b[a-z_][a-z0-9_]*\b", bare)) - _NOT_METRICS


def _rules() -> list[dict[str, Any]]:
    (group,) = read(COMPOSE / "prometheus" / "alerts.yml")["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def test_alerts_ask_for_metrics_that_exist_and_are_explained() -> None:
    """Every alert names real metrics, has a summary, a severity, and a chapter that says what to do."""
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for rule in _rules():
        assert _metrics_of(rule["expr"]) <= _exported(), rule["alert"]
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert re.fullmatch(r"\d+m", rule["for"])
        assert rule["annotations"]["summary"]
        assert f"### {rule['alert']}\n" in operations
        assert rule["annotations"]["action"] == f"docs/operations.md#{rule['alert'].lower()}"


@pytest.mark.parametrize("limit", ["kibitz_queue_chunks > 100", "> 120", "> 0.05", "> 3600"])
def test_the_promised_limits_are_the_alerts(limit: str) -> None:
    """Queue above 100, mean game above 120 s, errors above 5 %, a hundred games above an hour."""
    assert any(rule["expr"].strip().endswith(limit) for rule in _rules())


def test_the_dashboard_shows_metrics_that_exist() -> None:
    """The file is what its program writes, and every query names real metrics of the source that is provisioned."""
    program = runpy.run_path(str(COMPOSE / "grafana" / "make_dashboard.py"))
    text = (COMPOSE / "grafana" / "dashboards" / "kibitz.json").read_text(encoding="utf-8")
    assert text == program["text"]()
    dashboard = json.loads(text)
    (source,) = read(COMPOSE / "grafana" / "provisioning" / "datasources" / "prometheus.yaml")["datasources"]
    shown: set[str] = set()
    for panel in dashboard["panels"]:
        assert panel["datasource"]["uid"] == source["uid"]
        for target in panel["targets"]:
            shown |= _metrics_of(target["expr"])
    assert shown <= _exported()
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_prometheus_asks_where_the_services_are() -> None:
    """The targets are services of the compose file, at the ports that their commands name."""
    server, worker = read(COMPOSE / "prometheus" / "prometheus.yml")["scrape_configs"]
    assert server["static_configs"][0]["targets"] == ["server:8642"]
    assert "8642" in SERVICES["server"]["command"]
    (names,) = worker["dns_sd_configs"]
    assert names["names"] == ["worker"]
    assert SERVICES["worker"]["command"][-1].endswith(f":{names['port']}")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian's prometheus) is not installed")
def test_promtool_accepts_the_rules() -> None:
    """Prometheus's own checker, where there is one."""
    command = ["promtool", "check", "rules", str(COMPOSE / "prometheus" / "alerts.yml")]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
