"""A real Chroma server on loopback, ended with its block."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perun.tools.domain.clock import stopwatch


@dataclass(frozen=True)
class Running:
    """Where it answers, and its process."""

    url: str
    pid: int


@contextmanager
def chroma_server(folder: Path) -> Iterator[Running]:
    """`chroma run` with its data in `<folder>/data`; it answers when the block begins."""
    port = free_port()
    chroma = str(Path(sys.executable).with_name("chroma"))
    command = [chroma, "run", "--path", str(folder / "data"), "--host", "127.0.0.1", "--port", str(port)]
    # In a session of its own: a Ctrl-C at the terminal is for whoever asks it, not for the server.
    with (
        (folder / "log").open("ab") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True) as server,
    ):
        try:
            _wait_for(port, server)
            yield Running(f"http://127.0.0.1:{port}", server.pid)
        finally:
            server.terminate()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    started = stopwatch()
    while stopwatch() - started < 60:
        assert server.poll() is None, "the Chroma server ended"
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError("the Chroma server did not come up")
