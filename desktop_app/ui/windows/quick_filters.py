"""Ready-made filters at the top of the filter's form, so that nobody has to learn the words first. Main thread.

Used by `filter_panel`; what they write into the field can be edited there, which is how the words are learnt.
"""

from __future__ import annotations

QUICK_FILTERS: tuple[tuple[str, str] | None, ...] = (
    ("All games", ""),
    None,
    ("Not analysed", "state:unanalysed"),
    ("In the queue", "state:queued or state:in_progress"),
    ("Analysed", "state:analysed"),
    ("Failed", "state:failed"),
    None,
    ("With blunders", "blunders>=1"),
    ("Below 70% accuracy", "accuracy<70"),
)
"""What the button says and what it writes; None is a line between groups."""
