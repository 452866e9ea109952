"""One stack takes back whatever was done last, and each step once."""

from __future__ import annotations

from desktop_app.ui.controllers.undo_stack import UndoStack


def test_the_newest_step_is_taken_back_first_and_once() -> None:
    """Steps of different kinds come back in the opposite order; with nothing left, nothing happens."""
    stack, done = UndoStack(), list[str]()
    texts = list[str]()
    stack.changed.connect(texts.append)
    stack.push("delete 3 games", lambda: done.append("games"))
    stack.push("edit a header", lambda: done.append("header"))
    assert stack.text == "edit a header"
    assert stack.undo()
    assert stack.undo()
    assert not stack.undo()
    assert done == ["header", "games"]
    assert texts == ["delete 3 games", "edit a header", "delete 3 games", ""]


def test_a_button_takes_back_its_own_step_and_undo_does_not_repeat_it() -> None:
    """A toast's button names one step, which then is no longer on the stack; a dropped step is gone."""
    stack, done = UndoStack(), list[str]()
    first = stack.push("first", lambda: done.append("first"))
    second = stack.push("second", lambda: done.append("second"))
    third = stack.push("third", lambda: done.append("third"))
    assert stack.take_back(first)
    assert not stack.take_back(first)
    assert stack.drop(third)
    assert stack.text == second.text
    assert stack.undo()
    assert done == ["first", "second"]


def test_what_offers_a_step_hears_once_that_it_is_gone() -> None:
    """Taken back by its button, by Undo, dropped, or pushed out by a hundred newer ones: its toast goes."""
    stack, gone = UndoStack(), list[str]()
    steps = {name: stack.push(name, lambda: None) for name in ("old", "button", "dropped", "newest")}
    for name, step in steps.items():
        stack.when_gone(step, lambda name=name: gone.append(name))
    assert stack.undo()
    assert stack.take_back(steps["button"])
    assert stack.drop(steps["dropped"])
    assert gone == ["newest", "button", "dropped"]
    for number in range(100):
        stack.push(str(number), lambda: None)
    assert gone == ["newest", "button", "dropped", "old"]
