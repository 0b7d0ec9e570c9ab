"""A line that is typed, from keys alone."""

from pytest_reloadwatch.session.prompt import Prompt


def typed(*keys, history=None):
    prompt = Prompt("test name", [] if history is None else history, lambda text: f"<{text}>")
    return prompt, [prompt.press(key) for key in keys]


def test_shows_what_it_would_match():
    prompt, answers = typed("t", "ä", "x", "\x7f")
    assert answers == [None] * 4
    assert prompt.line() == "test name: tä_  <tä>"


def test_ends_with_enter_or_escape():
    assert typed("a", "\r")[1][-1] is True
    assert typed("a", "\x1b")[1][-1] is False


def test_remembers_what_was_typed_once_each():
    history = ["one", "two"]
    typed(*"one\n", history=history)
    assert history == ["two", "one"]
    prompt, _ = typed("\x1b[A", "\x1b[A", "\x1b[A", "\x1b[B", history=history)
    assert prompt.text == "one"


def test_takes_no_other_key_for_text():
    assert typed("a", "\x1b[C", "\t", "\x15", "b")[0].text == "b"
