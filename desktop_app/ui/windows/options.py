"""What the settings say to the window. Plain data; made by `application`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.domain.profile import Profile


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """Defaults of the confirm sheet, theme, samples.

    Attributes:
        profile, workers: what the confirm sheet offers first.
        theme: "system", "light" or "dark".
        samples: path of the sample games.
        nodes: nodes a position instead of the profile's (the reproducible mode), None for the profile's.
    """

    profile: Profile
    workers: int
    theme: str
    samples: str
    nodes: int | None = None
