"""Where workers that start anew meet the session whose run they share."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_reloadwatch.options import SHARED_RUN
from pytest_reloadwatch.rewind.messages import format_message, parse_message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_reloadwatch.rewind.messages import Message, Resume


@dataclass(frozen=True)
class Meeting:
    """The controller's *address*, and *reports*, the directory for what children tell."""

    address: str
    reports: str

    @contextlib.contextmanager
    def told(self, order: Resume) -> Iterator[None]:
        """While processes are started: they find in their environment what they are to carry out, and for whom."""
        path = os.path.join(self.reports, f"order-{order.run}")
        with open(path, "wb") as file:
            file.write(format_message(order._replace(freeze=False)))
        os.environ[SHARED_RUN] = os.pathsep.join((path, self.address, self.reports))
        try:
            yield
        finally:
            os.environ.pop(SHARED_RUN, None)


def find(told: str) -> tuple[Meeting, Message]:
    """What ``told`` has said, with the order. Raises OSError where the session is gone."""
    path, address, reports = told.split(os.pathsep)
    with open(path, "rb") as file:
        return Meeting(address, reports), parse_message(file.read())
