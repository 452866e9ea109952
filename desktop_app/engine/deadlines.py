"""How long an engine may take to answer. Values; any thread. Used by `engine.session` and who opens sessions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each answer may take, in seconds; a search gets `search_s` plus its nodes at `slowest_nps`.

    The defaults are generous on purpose: a loaded old laptop must not lose a healthy engine, and a hung one costs only
    one worker's time. Time in which the engine could not run because other programs had the processor does not count
    where the system tells it: engines are nice, so a machine that is busy otherwise gives them next to nothing.
    """

    handshake_s: float = 10.0
    ready_s: float = 10.0
    search_s: float = 10.0
    slowest_nps: float = 5000.0
    stop_s: float = 1.0
    quit_s: float = 1.0

    def of_search(self, limit_nodes: int) -> float:
        """Deadline of a search of this many nodes."""
        return self.search_s + limit_nodes / self.slowest_nps


DEADLINES = Deadlines()
