"""What the guard finds, and the sentences that say it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

SHOWN = 5  # names in one sentence


class Kind(enum.Enum):
    """The seven ways in which modules are polluted; each is a sentence with the culprit before it, and what follows."""

    REPLACED = ("replaced {what} in sys.modules", "what imported it before has the old one, so each class exists twice")
    DROPPED = ("removed {what} from sys.modules", "the next import makes a second one, with other classes")
    BLOCKED = ("left None for {what} in sys.modules", "every import of it fails from then on")
    TWICE = ("loaded {what}", "one file under two names makes two modules, and each class exists twice")
    ATTRIBUTE = ("set {what} to another object", "what is imported from the package is no longer the module")
    SECOND_CLASS = ("executed the module of {what} again", "a second class of that name is in use beside the first")
    SOURCE = ("changed {what} on disk, or somebody did meanwhile", "what is loaded is not what the file holds")

    @property
    def advice(self) -> str:
        return _ADVICE.get(self, "monkeypatch and fresh_import put back what they change")


_ADVICE = {
    Kind.SECOND_CLASS: "fresh_import executes a module anew and leaves the loaded one alone",
    Kind.SOURCE: "write to a copy below tmp_path; the file is left as it is",
}


@dataclass(frozen=True)
class Finding:
    """*culprit* is a test or a fixture, *names* what it did it to, *is_restored* whether the guard has undone it."""

    kind: Kind
    culprit: str
    names: tuple[str, ...]
    is_restored: bool = True

    def sentence(self) -> str:
        done, _ = self.kind.value
        return f"{self.culprit} {done.format(what=_enumerated(self.names))}"

    def explanation(self) -> str:
        _, because = self.kind.value
        restored = " (the guard has put it back)" if self.is_restored else ""
        return f"{self.sentence()}: {because}{restored}; {self.kind.advice}"


def grouped(findings: list[Finding]) -> list[Finding]:
    """One finding for each kind and culprit."""
    names: dict[tuple[Kind, str, bool], dict[str, None]] = {}
    for one in findings:
        names.setdefault((one.kind, one.culprit, one.is_restored), {}).update(dict.fromkeys(one.names))
    return [Finding(kind, culprit, tuple(found), restored) for (kind, culprit, restored), found in names.items()]


def _enumerated(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
