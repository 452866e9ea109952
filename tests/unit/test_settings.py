"""Settings: validated, kept whole, migrated with a backup, and never a reason not to start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.domain.engine_setup import EngineEntry, EngineSetup
from desktop_app.domain.judgement import OwnThresholds
from desktop_app.domain.profile import Profile
from desktop_app.errors import UsageError
from desktop_app.settings import Settings, SettingsStore, Theme, default_workers, migrate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A settings file that does not exist yet."""
    return tmp_path / "config" / "settings.json"


def test_defaults_without_a_file(file: Path) -> None:
    """No file means defaults, no complaint, and no file made."""
    store = SettingsStore(file, {})
    assert store.current == Settings()
    assert store.problems == []
    assert not file.exists()
    assert store.current.effective_workers == default_workers() >= 1


def test_changes_are_kept(file: Path) -> None:
    """What is changed is read back by the next start."""
    SettingsStore(file, {}).update(theme=Theme.DARK, workers=3, profile=Profile.DEEP, engine_path="/opt/engine")
    again = SettingsStore(file, {})
    assert again.current == Settings(theme=Theme.DARK, workers=3, profile=Profile.DEEP, engine_path="/opt/engine")
    assert again.problems == []


@pytest.mark.parametrize(
    "change", [{"workers": 0}, {"workers": 1000}, {"grading": "harsh"}, {"profile": Profile.CUSTOM}]
)
def test_invalid_changes_are_refused(file: Path, change: dict[str, Any]) -> None:
    """A value that is not valid raises UsageError and changes neither memory nor file."""
    store = SettingsStore(file, {})
    with pytest.raises(UsageError):
        store.update(**change)
    assert store.current == Settings()
    assert not file.exists()


def test_the_environment_wins_and_is_not_stored(file: Path) -> None:
    """Variables override the file for this process alone."""
    SettingsStore(file, {}).update(workers=2, theme=Theme.LIGHT)
    store = SettingsStore(file, {"KIBITZ_WORKERS": "5", "KIBITZ_ENGINE": "/opt/sf", "KIBITZ_PROFILE": "quick"})
    assert store.current == Settings(workers=5, engine_path="/opt/sf", profile=Profile.QUICK, theme=Theme.LIGHT)
    store.update(theme=Theme.DARK)
    assert SettingsStore(file, {}).current == Settings(workers=2, theme=Theme.DARK)


def test_a_bad_variable_is_named_and_ignored(file: Path) -> None:
    """A variable that cannot be used is reported by name; the rest is in force."""
    store = SettingsStore(file, {"KIBITZ_WORKERS": "many", "KIBITZ_THEME": "dark"})
    assert store.current == Settings(theme=Theme.DARK)
    assert any("workers" in problem and "many" in problem for problem in store.problems)


def test_one_bad_value_does_not_cost_the_others(file: Path) -> None:
    """Each value of the file is judged alone."""
    file.parent.mkdir()
    file.write_text(json.dumps({"version": 1, "workers": -4, "theme": "dark", "profile": "endless"}))
    store = SettingsStore(file, {})
    assert store.current == Settings(theme=Theme.DARK)
    assert len(store.problems) == 2


@pytest.mark.parametrize("content", ["{", "[1]", "\x00\x01", '"text"'])
def test_a_broken_file_is_kept_aside(file: Path, content: str) -> None:
    """An unreadable file means defaults; its content survives under another name."""
    file.parent.mkdir()
    file.write_text(content)
    store = SettingsStore(file, {})
    assert store.current == Settings()
    assert len(store.problems) == 1
    store.update(workers=2)
    assert [copy.read_text() for copy in file.parent.glob("*.broken-*")] == [content]


def test_a_newer_file_is_kept_aside_and_its_unknown_values_survive(file: Path) -> None:
    """Going back to an older Kibitz loses nothing the newer one wrote."""
    file.parent.mkdir()
    file.write_text(json.dumps({"version": 99, "theme": "dark", "holograms": True}))
    store = SettingsStore(file, {})
    assert store.current == Settings(theme=Theme.DARK)
    assert "newer" in store.problems[0]
    store.update(workers=2)
    assert json.loads(file.read_text())["holograms"] is True
    assert len(list(file.parent.glob("*.newer-*"))) == 1


def test_migration_runs_each_step_and_keeps_a_backup(file: Path) -> None:
    """An older file is lifted version by version; the original stays beside it."""
    file.parent.mkdir()
    old = json.dumps({"version": 1, "colour": "dark"})
    file.write_text(old)

    def rename(data: dict[str, Any]) -> dict[str, Any]:
        return {"theme": data.pop("colour"), **data}

    store = SettingsStore(file, {}, migrators={2: rename}, schema_version=3)
    assert store.current.theme is Theme.DARK
    assert [copy.read_text() for copy in file.parent.glob("*.v1-*")] == [old]


@pytest.mark.expects_log
def test_a_failing_migration_leaves_the_file_alone(file: Path) -> None:
    """A migrator that fails means defaults and a sentence, and the user's file as it was."""
    file.parent.mkdir()
    old = json.dumps({"version": 1, "theme": "dark"})
    file.write_text(old)

    def fail(_data: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("colour")

    store = SettingsStore(file, {}, migrators={1: fail}, schema_version=2)
    assert store.current == Settings()
    assert len(store.problems) == 1
    assert file.read_text() == old


def test_migrate_does_not_touch_its_argument() -> None:
    """The data handed in stays as it was, whatever the migrators do."""
    data = {"version": 1, "a": 1}
    assert migrate(data, {1: lambda old: {**old, "b": 2}}, 2) == {"version": 2, "a": 1, "b": 2}
    assert data == {"version": 1, "a": 1}


def test_own_thresholds_are_kept_and_in_force(tmp_path: Path) -> None:
    """A grading of the user's own survives the file, is what everything is judged by, and can be edited."""
    file = tmp_path / "settings.json"
    mine = OwnThresholds("mine", 4, 8, 16)
    assert SettingsStore(file, {}).update(own_gradings=(mine,), grading="mine").grading_in_force == mine.grading
    again = SettingsStore(file, {})
    assert (again.current.own_gradings, again.current.grading, again.problems) == ((mine,), "mine", [])
    edited = again.update(own_gradings=(OwnThresholds("mine", 4, 8, 20),))
    assert edited.grading_in_force.stamp == "mine 4/8/20"
    assert SettingsStore(file, {"KIBITZ_GRADING": "strict-20"}).current.grading_in_force.points == (5, 10, 20)


@pytest.mark.parametrize(
    "changes",
    [
        {"grading": "nobody's"},
        {"own_gradings": (OwnThresholds("one", 1, 2, 3), OwnThresholds("one", 4, 5, 6))},
    ],
)
def test_a_grading_that_is_not_there_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Names are unique, and only what exists can be chosen; nothing changes then."""
    store = SettingsStore(tmp_path / "settings.json", {})
    with pytest.raises(UsageError, match="grading"):
        store.update(**changes)
    assert store.current == Settings()


@pytest.mark.parametrize("own", [5, [5], [{"name": "x"}], [{"name": "x", "inaccuracy": 9, "mistake": 2, "blunder": 3}]])
def test_broken_thresholds_in_the_file_are_named_and_left_out(tmp_path: Path, own: object) -> None:
    """The file may hold anything: Lichess's rules then hold, and a sentence says so."""
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"version": 1, "own_gradings": own, "grading": "x"}))
    store = SettingsStore(file, {})
    assert store.current.grading_in_force.name == "lichess"
    assert len(store.problems) == 2


def test_engines_with_their_options_are_kept(file: Path) -> None:
    """The list, the options of each, and the folder of endgame tables; each engine gets its own."""
    engines = (EngineEntry("/opt/a", "A", (("Skill Level", "5"),)), EngineEntry("/opt/b"))
    SettingsStore(file, {}).update(engines=engines, syzygy="/tables", engine_path="/opt/a")
    again = SettingsStore(file, {})
    assert again.problems == []
    assert again.current.engines == engines
    assert again.current.engine_setup("/opt/a") == EngineSetup((("Skill Level", "5"),), "/tables")
    assert again.current.engine_setup("/opt/b") == EngineSetup((), "/tables")
    assert SettingsStore(file, {"KIBITZ_SYZYGY": "/other"}).current.engine_setup("/x").syzygy == "/other"


def test_an_engine_chosen_before_there_was_a_list_is_its_first(file: Path) -> None:
    """Version 1 knew one path; nothing is lost, and the old file is kept aside."""
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"version": 1, "engine_path": "/opt/sf", "theme": "dark"}))
    store = SettingsStore(file, {})
    assert store.current == Settings(engine_path="/opt/sf", engines=(EngineEntry("/opt/sf"),), theme=Theme.DARK)
    assert store.problems == []
    assert file.with_name("settings.json.v1-1").exists()


@pytest.mark.parametrize(
    "engines",
    [
        "stockfish",
        ["stockfish"],
        [{"name": "no path"}],
        [{"path": "/a", "options": "x"}],
        [{"path": "/a", "options": [["Hash"]]}],
        [{"path": "/a", "options": [["Hash", 16]]}],
        [{"path": "/a"}, {"path": "/a"}],
    ],
)
def test_a_list_of_engines_that_cannot_be_read_is_told(file: Path, engines: object) -> None:
    """And costs that list, no more."""
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"version": 2, "engines": engines, "theme": "dark"}))
    store = SettingsStore(file, {})
    assert store.current == Settings(theme=Theme.DARK)
    assert "engines" in store.problems[0]
