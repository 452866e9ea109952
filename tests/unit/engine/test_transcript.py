"""The transcript: the last lines of a conversation, and no more."""

from __future__ import annotations

from desktop_app.engine.transcript import KEPT_LINES, LINE_LIMIT, Transcript


def test_only_the_last_lines_are_kept() -> None:
    """A long session costs no memory."""
    transcript = Transcript()
    for number in range(10 * KEPT_LINES):
        transcript.sent(f"line {number}\n")
    lines = transcript.tail(10 * KEPT_LINES).splitlines()
    assert len(lines) == KEPT_LINES
    assert lines[-1].endswith(f"<< line {10 * KEPT_LINES - 1}")
    assert len(transcript.tail(3).splitlines()) == 3


def test_long_lines_and_noise_are_shortened() -> None:
    """Whatever an engine writes, the log stays readable."""
    transcript = Transcript()
    transcript.received(b"\xff\x00" + b"x" * 10_000)
    transcript.sent("uci\nisready\n")
    noise, first, second = transcript.tail().splitlines()
    assert len(noise) < LINE_LIMIT + 60
    assert noise.endswith("(10002 characters)")
    assert (first[-6:], second[-10:]) == ("<< uci", "<< isready")
