"""The exchange on a socket: served until it is stopped."""

import socket
from contextlib import closing

import uvicorn
from fastapi import FastAPI

BACKLOG = 128


def bound(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Clients may connect at once and are answered when the app runs."""
    listener = socket.create_server((host, port), backlog=BACKLOG)
    listener.setblocking(False)
    return listener


def server_of(app: FastAPI) -> uvicorn.Server:
    """A server for the app. `run(sockets=[…])` serves until `should_exit` is set, or a signal comes."""
    # The other websocket implementation of uvicorn is built on a deprecated part of `websockets`.
    return uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="websockets-sansio", access_log=False))


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve the app until SIGINT or SIGTERM.

    Raises:
        OSError: the port is taken, or may not be used.
    """
    with closing(bound(host, port)) as listener:
        server_of(app).run(sockets=[listener])
