"""A sitecustomize that takes away what Windows does not have, before anything of ours is imported."""

import os

# What Python's own standard library cannot do without here stays, and what watches files.
SOURCE = """
import os, signal, socket, sys

for module in ("termios", "tty", "fcntl", "pty", "pwd", "resource"):
    sys.modules[module] = None
for owner, names in {
    os: "fork forkpty register_at_fork waitid mkfifo killpg",
    signal: "SIGKILL SIGCHLD SIGHUP SIGIO pthread_sigmask sigwait",
    socket: "AF_UNIX MSG_DONTWAIT",
}.items():
    for name in names.split():
        delattr(owner, name)


def socketpair():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        one = socket.create_connection(listening.getsockname())
        return one, listening.accept()[0]


socket.socketpair = socketpair
"""


def environment(directory):
    """Variables with which Python starts in such a system; *directory* is where it finds out."""
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(SOURCE, encoding="utf-8")
    places = [str(directory), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(places)}
