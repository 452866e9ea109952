"""Numbers in words: durations, counts. Any thread; used by all windows."""

from __future__ import annotations

_MINUTE_S = 60
_HOUR_S = 3600
_ROUGH_HOURS_S = 10 * _HOUR_S


def duration(seconds: float | None) -> str:
    """A rough time that reads well: "40 s", "12 min", "3 h 20 min"; "" for None."""
    if seconds is None:
        return ""
    if seconds < _MINUTE_S:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR_S:
        return f"{round(seconds / _MINUTE_S)} min"
    hours, rest = divmod(seconds, _HOUR_S)
    minutes = round(rest / _MINUTE_S / 10) * 10 if seconds < _ROUGH_HOURS_S else 0
    return f"{hours:.0f} h {minutes} min" if minutes else f"{hours:.0f} h"
