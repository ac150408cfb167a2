"""`perun serve`: the chat's endpoint on a socket, open to this machine alone unless a token guards it."""

import logging
from collections.abc import Callable, Mapping
from ipaddress import ip_address

from perun.graph.app.agui import PATH, create_app
from perun.graph.app.chatting import open_desk
from perun.graph.app.exchange_server.serving import serve as serve_app
from perun.graph.app.reading import read_settings
from perun.tools.domain.errors import ConfigurationError


def serve(overrides: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        ConfigurationError: the host is not loopback and WEB_TOKEN is not set, the port is taken, or settings are bad.
    """
    settings = read_settings(overrides).settings
    host, port, secret = settings.web_host, settings.web_port, settings.web_token
    token = secret.get_secret_value() if secret else ""
    if not token and not is_loopback(host):
        raise ConfigurationError(f"WEB_HOST={host} is open to other machines: set WEB_TOKEN, or use 127.0.0.1")
    logging.getLogger("ag_ui_langgraph").setLevel(logging.CRITICAL)  # what goes wrong is told to the client, in a line
    with open_desk(overrides) as desk:
        say(f"perun: AG-UI at http://{host}:{port}{PATH}{' with WEB_TOKEN' * bool(token)}  (Ctrl-C ends it)")
        try:
            serve_app(create_app(desk, token), host, port)
        except OSError as error:
            raise ConfigurationError(
                f"port {port} on {host} cannot be used ({error.strerror}): name another"
            ) from error


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
