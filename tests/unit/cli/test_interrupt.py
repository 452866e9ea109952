"""Signals as a token: the first asks, the second ends."""

from __future__ import annotations

import os
import signal

import pytest

from desktop_app.cli.interrupt import Interrupt


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_ends(number: int) -> None:
    """One signal sets the token; another raises KeyboardInterrupt."""
    calls: list[str] = []
    with Interrupt(lambda: calls.append("asked")) as interrupt:
        assert not interrupt.cancelled()
        os.kill(os.getpid(), number)
        assert interrupt.wait(60)
        assert interrupt.cancelled()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert calls == ["asked"]


def test_handlers_are_put_back() -> None:
    """Outside the block signals mean what they meant before."""
    before = signal.getsignal(signal.SIGINT)
    with Interrupt():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
