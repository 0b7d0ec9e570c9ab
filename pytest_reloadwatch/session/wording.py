"""How numbers are said to people."""


def count(number: int, noun: str) -> str:
    """So many of them: 1 test, but 0 tests and 2 tests."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
