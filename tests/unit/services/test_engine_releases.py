"""The list of official builds: what comes with Kibitz, refreshing it, and what a list may say."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from desktop_app import paths
from desktop_app.engine.builds import X86_BUILDS
from desktop_app.engine.processor import Processor
from desktop_app.errors import EngineDownloadError
from desktop_app.services.engine_releases import current_releases, read_releases, refresh_releases
from tests.unit.services.file_server import FileServer

SHIPPED = paths.resource("engines")
MODERN = X86_BUILDS[0].needs


def a_list(**changes: Any) -> dict[str, Any]:
    """A valid list of one file."""
    asset = {
        "system": "linux",
        "architecture": "x86-64",
        "build": "x86-64-avx2",
        "url": "https://example.org/sf.tar",
        "program": "stockfish/stockfish",
        "size": 10,
        "sha256": "a" * 64,
        "verified_by": "somebody",
        "verified_on": "2026-11-23",
    }
    return {
        "schema_version": 1,
        "updated": "2027-01-01",
        "releases": [{"name": "Stockfish 99", "tag": "sf_99", "assets": [{**asset, **changes}]}],
    }


def test_the_list_that_comes_with_kibitz_is_valid_and_invents_no_checksum(tmp_path: Path) -> None:
    """Official addresses only; every checksum says who verified it, and without one the file is blocked."""
    found = current_releases(SHIPPED, tmp_path)
    for asset in found.assets:
        assert asset.url.startswith("https://github.com/official-stockfish/Stockfish/releases/download/")
        assert bool(asset.blocked) == (asset.sha256 is None or asset.size is None)
        assert (asset.sha256 is None) == (asset.verified_by is None)


@pytest.mark.parametrize(
    ("system", "architecture", "build"),
    [
        ("linux", "x86-64", "x86-64-vnni512"),
        ("windows", "x86-64", "x86-64-vnni512"),
        ("macos", "x86-64", "x86-64-bmi2"),
        ("plan9", "x86-64", None),
        ("linux", "mips", None),
    ],
)
def test_the_fastest_published_build_is_offered(
    tmp_path: Path, system: str, architecture: str, build: str | None
) -> None:
    """Of those for this system; none where there is none."""
    offered = current_releases(SHIPPED, tmp_path).best_for(Processor(system, architecture, "", MODERN))
    assert (offered and offered.build) == build


def test_a_build_with_a_checksum_goes_before_a_faster_one_without() -> None:
    """The user can have it."""
    data = a_list()
    data["releases"][0]["assets"].append(
        {**data["releases"][0]["assets"][0], "build": "x86-64-bmi2", "sha256": None, "size": None}
    )
    found = read_releases(json.dumps(data), "test").best_for(Processor("linux", "x86-64", "", MODERN))
    assert found is not None
    assert found.build == "x86-64-avx2"


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://example.org/sf.tar"},
        {"url": "file:///etc/passwd"},
        {"program": "/bin/sh"},
        {"program": "../../sh"},
        {"size": -1},
        {"size": True},
        {"size": 10**12},
        {"sha256": "abc"},
        {"verified_by": None},
        {"verified_on": "yesterday"},
        {"build": "../x"},
    ],
)
def test_a_list_that_cannot_be_right_is_refused_whole(tmp_path: Path, changes: dict[str, Any]) -> None:
    """And the one before stays in force."""
    source = tmp_path / "list.json"
    source.write_text(json.dumps(a_list(**changes)))
    with pytest.raises(EngineDownloadError, match="cannot be used"):
        refresh_releases(str(source), tmp_path / "engines")
    assert not (tmp_path / "engines").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 2}', "not json", '{"schema_version": 1}'])
def test_what_is_no_list_is_refused(text: str) -> None:
    """With a sentence."""
    with pytest.raises(EngineDownloadError, match="cannot be used"):
        read_releases(text, "test")


def test_a_refreshed_list_is_in_force_and_older_ones_are_kept(tmp_path: Path) -> None:
    """From a file and from an address; a broken copy falls back to what came with Kibitz."""
    folder = tmp_path / "engines"
    source = tmp_path / "list.json"
    source.write_text(json.dumps(a_list()))
    refresh_releases(str(source), folder)
    assert [asset.tag for asset in current_releases(SHIPPED, folder).assets] == ["sf_99"]
    with FileServer(json.dumps(a_list(size=11)).encode()) as server:
        refresh_releases(server.url, folder)
    assert current_releases(SHIPPED, folder).assets[0].size == 11
    assert json.loads((folder / "releases-1.json").read_text())["releases"][0]["assets"][0]["size"] == 10
    (folder / "releases.json").write_text("broken")
    assert current_releases(SHIPPED, folder).source.startswith(str(SHIPPED))


def test_what_cannot_be_fetched_is_told(tmp_path: Path) -> None:
    """No such file, no server."""
    with FileServer(b"\xff\xfe") as server, pytest.raises(EngineDownloadError, match="not a text"):
        refresh_releases(server.url, tmp_path)
    for source in (server.url, str(tmp_path / "none.json")):
        with pytest.raises(EngineDownloadError, match="cannot be re"):
            refresh_releases(source, tmp_path)


def test_checksums_are_filled_in_by_a_script_that_guesses_nothing(tmp_path: Path) -> None:
    """From the server or from a folder; what cannot be had stays null, another checksum is never overwritten."""
    script = Path(__file__).resolve().parents[3] / "packaging" / "verify_releases.py"
    target, folder = tmp_path / "releases.json", tmp_path / "files"
    folder.mkdir()
    (folder / "there.tar").write_bytes(b"an engine")
    data = a_list(sha256=None, size=None, verified_by=None, verified_on=None)
    assets = data["releases"][0]["assets"]
    wrong = {"sha256": "a" * 64, "verified_by": "x", "verified_on": "2026-01-01"}
    with FileServer(b"from the net") as server:
        base = server.url.rpartition("/")[0]
        changes = [{"url": server.url}, {"url": f"{base}/other.tar", **wrong}]
        data["releases"][0]["assets"] = [{**assets[0], **change} for change in changes]
        target.write_text(json.dumps(data))
        command = [sys.executable, str(script), "--by", "the tests", "--list", str(target)]
        assert subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 1
    first, second = read_releases(target.read_text(), "test").assets
    assert (first.size, first.sha256) == (12, hashlib.sha256(b"from the net").hexdigest())
    assert first.verified_by == "the tests"
    assert second.sha256 == "a" * 64
    data["releases"][0]["assets"] = [{**assets[0], "url": f"{base}/{name}"} for name in ("there.tar", "gone.tar")]
    target.write_text(json.dumps(data))
    command += ["--folder", str(folder)]
    assert subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 1
    there, gone = read_releases(target.read_text(), "test").assets
    assert there.size == 9
    assert gone.blocked
