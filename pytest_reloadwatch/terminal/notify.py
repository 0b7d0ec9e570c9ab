"""Desktop notifications, only when the tests begin to fail or all pass again. Nobody waits for them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys

TITLE = "pytest"
# The text is an argument or a variable of the environment, never a part of a program.
_APPLE = ("on run argv", "display notification (item 1 of argv) with title (item 2 of argv)", "end run")
_WINDOWS = """
[void][Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]
$kind = [Windows.UI.Notifications.ToastTemplateType]::ToastText02
$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($kind)
$texts = $toast.GetElementsByTagName('text')
[void]$texts.Item(0).AppendChild($toast.CreateTextNode($env:RELOADWATCH_TITLE))
[void]$texts.Item(1).AppendChild($toast.CreateTextNode($env:RELOADWATCH_TEXT))
$app = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($app).Show(
    [Windows.UI.Notifications.ToastNotification]::new($toast))
"""


class Notifier:
    """Told of each standing; shows those that differ from the one before in whether anything fails."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._fails: bool | None = None
        self._processes: list[subprocess.Popen[bytes]] = []

    def tell(self, text: str, *, fails: bool) -> None:
        """The first standing is shown only where something fails."""
        before, self._fails = self._fails, fails
        if fails != bool(before) and self._program:
            self._show(text)

    def close(self) -> None:
        """What has not been shown by now is not waited for."""
        for process in self._living():
            process.kill()
            process.wait()

    def _living(self) -> list[subprocess.Popen[bytes]]:
        return [process for process in self._processes if process.poll() is None]

    def _show(self, text: str) -> None:
        environment = {**os.environ, "RELOADWATCH_TITLE": TITLE, "RELOADWATCH_TEXT": text}
        with contextlib.suppress(OSError):
            process = subprocess.Popen(
                command(self._program, text),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._processes = [*self._living(), process]


def find_program(platform: str = sys.platform) -> str:
    """The program that shows notifications on this system; empty where it is not installed."""
    return shutil.which(program_name(platform)) or ""


def program_name(platform: str = sys.platform) -> str:
    return {"darwin": "osascript", "win32": "powershell"}.get(platform, "notify-send")


def command(program: str, text: str) -> list[str]:
    """Its arguments; no shell ever sees *text*."""
    name = os.path.basename(program).lower().removesuffix(".exe")
    if name == "osascript":
        return [program, *(part for line in _APPLE for part in ("-e", line)), "--", text, TITLE]
    if name == "powershell":
        return [program, "-NoProfile", "-NonInteractive", "-Command", _WINDOWS]
    return [program, "--app-name=pytest", "--", TITLE, text]
