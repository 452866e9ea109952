"""How `kibitz analyse` tells what happens: JSON lines for scripts, a progress line and one line a game for people.

Main thread only: worker threads' news reach it through a queue.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from desktop_app.cli import output
from desktop_app.domain.batch import Stage
from desktop_app.domain.counting import counted
from desktop_app.domain.work import ItemState, JobState
from desktop_app.services.show_json import score_json

if TYPE_CHECKING:
    from desktop_app.domain.batch import BatchCounters, BatchSnapshot, ItemNews, JobNews, PositionNews
    from desktop_app.domain.rows import GameRow

NAME_COLUMNS = 44
_UNITS = 10_000


class Report(Protocol):
    """Where the command's news go."""

    def position(self, news: PositionNews) -> None:
        """A position was evaluated."""

    def game(self, news: ItemNews, row: GameRow | None) -> None:
        """A game changed state; `row` is its line in the library now, None when it is gone."""

    def job(self, news: JobNews) -> None:
        """The job changed state."""

    def progress(self, snapshot: BatchSnapshot) -> None:
        """How far the batch is; called a few times a second."""

    def summary(self, counters: BatchCounters) -> None:
        """The end, whatever it is; always the last call."""


class JsonReport:
    """One JSON object a line, handed on at once; the summary is the last."""

    def position(self, news: PositionNews) -> None:
        """Print `{"event": "position", …}`."""
        found = news.evaluation
        self._print(
            "position",
            {
                "job": news.job_id,
                "game": news.game_id,
                "worker": news.worker,
                "ply": news.ply,
                **score_json(found.score),
                "depth": found.depth,
                "nodes": found.nodes,
                "best_uci": found.best,
                "reused": news.reused,
                "stage": str(news.stage) if news.stage else None,
                "provisional": news.stage is not None,
            },
        )

    def game(self, news: ItemNews, row: GameRow | None) -> None:
        """Print `{"event": "game", …}`, or "failed" with the reason."""
        event = "failed" if news.state is ItemState.FAILED else "game"
        value: dict[str, Any] = {"job": news.job_id, "game": news.game_id, "state": str(news.state)}
        value |= {"skipped": news.skipped, "error": news.error or None, "provisional": news.looked}
        if row is not None:
            value |= {"white": row.white, "black": row.black, "game_state": str(row.state)}
            value |= {"white_accuracy": row.white_accuracy, "black_accuracy": row.black_accuracy}
        self._print(event, value)

    def job(self, news: JobNews) -> None:
        """Print `{"event": "job", …}`."""
        self._print("job", {"job": news.job_id, "state": str(news.state), "error": news.error or None})

    def progress(self, snapshot: BatchSnapshot) -> None:
        """Say nothing: positions tell."""

    def summary(self, counters: BatchCounters) -> None:
        """Print `{"event": "summary", …}`."""
        value = asdict(counters)
        value |= {name: round(value[name], 3) for name in ("engine_seconds", "wall_seconds")}
        self._print("summary", value)

    def _print(self, event: str, value: dict[str, Any]) -> None:
        output.print_json({"event": event, **value}, indent=None)


class TextReport:
    """One line for each game that ended, a progress line while things go on, a sentence at the end."""

    def __init__(self) -> None:
        self._line = output.ProgressLine()
        self._total = 0
        self._ended = 0

    def position(self, news: PositionNews) -> None:
        """Say nothing: the progress line does."""

    def game(self, news: ItemNews, row: GameRow | None) -> None:
        """Print a line for a game that ended; verdicts of a first look stay in the library until they are settled."""
        if news.state not in {ItemState.DONE, ItemState.FAILED}:
            return
        self._line.clear()
        self._ended += 1
        count = f"{self._ended:>{len(str(self._total))}}/{self._total}"
        players = output.shorten(f"{row.white or '?'} - {row.black or '?'}" if row else "?", NAME_COLUMNS)
        print(f"{count}  game {news.game_id}  {players}: {self._said(news, row)}", flush=True)

    def _said(self, news: ItemNews, row: GameRow | None) -> str:
        if news.state is ItemState.FAILED:
            return f"failed: {output.one_line(news.error)}"
        if news.skipped:
            return f"skipped: {output.one_line(news.error)}"
        return "analysed" if row is None else verdict_text(row)

    def job(self, news: JobNews) -> None:
        """Print why a job paused or failed."""
        if news.error and news.state is not JobState.RUNNING:
            self._line.clear()
            output.complain(news.error)

    def progress(self, snapshot: BatchSnapshot) -> None:
        """Draw the progress line."""
        self._total = snapshot.items_total
        if snapshot.positions_total == 0:
            return
        left = "" if snapshot.eta_s is None else f", {output.duration(snapshot.eta_s)} left"
        said = f"{snapshot.positions_done:,} of {snapshot.positions_total:,} positions"
        if snapshot.stage is Stage.FIRST_LOOK:
            said = f"first look at all games: {said}"
        elif snapshot.stage is Stage.CLOSER:
            said = f"looking closer: {snapshot.items_done:,} of {counted(snapshot.items_total, 'game')} settled"
        said = f"{said}, {snapshot.positions_per_second:.1f} a second{left}"
        self._line.progress(round(_UNITS * snapshot.progress), _UNITS, said)

    def summary(self, counters: BatchCounters) -> None:
        """Print the last line."""
        self._line.clear()
        parts = [f"{counted(counters.games_done, 'game')} analysed"]
        if counters.games_failed:
            parts.append(f"{counters.games_failed:,} failed")
        if counters.games_skipped:
            parts.append(f"{counters.games_skipped:,} skipped")
        reused = f" ({counters.positions_reused:,} reused)" if counters.positions_reused else ""
        closer = counters.searches + counters.searches_reused - counters.positions
        reused += f", {counted(closer, 'closer look')}" if closer > 0 else ""
        print(
            f"{', '.join(parts)}; {counted(counters.positions, 'position')}{reused}, "
            f"{counters.nodes / 1e6:,.1f} million nodes in {output.duration(counters.wall_seconds)}.",
            flush=True,
        )


def verdict_text(row: GameRow) -> str:
    """What a game came to, in one line: "White 93 % (1 ?!, 0 ?, 2 ??), Black 88 % (…)"."""
    sides = (
        ("White", row.white_accuracy, row.white_inaccuracies, row.white_mistakes, row.white_blunders),
        ("Black", row.black_accuracy, row.black_inaccuracies, row.black_mistakes, row.black_blunders),
    )
    return ", ".join(
        f"{name} {'-' if accuracy is None or row.too_short else f'{accuracy:.0f} %'} "
        f"({inaccuracies or 0} ?!, {mistakes or 0} ?, {blunders or 0} ??)"
        for name, accuracy, inaccuracies, mistakes, blunders in sides
    )
