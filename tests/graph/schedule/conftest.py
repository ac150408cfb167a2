"""What the daemon's tests share."""

import socket

import pytest


@pytest.fixture
def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])
