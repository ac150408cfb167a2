"""The workers of a Dask cluster as an executor, once it is sure that they can play a replay as we would.

What is sent to them carries the settings, keys included: the cluster is to be one's own, on a network of one's own or
with an address that begins with `tls://`.
"""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from perun.tools.domain.errors import ConfigurationError, Unavailable

_PATIENCE_SECONDS: Final = 5
"""For the scheduler to answer, and for a first worker to stand ready."""


@contextmanager
def cluster(address: str, home: Path) -> Iterator[Executor]:
    """An executor whose work is done by the workers of the scheduler at `address`; they all see the folder `home`.

    Raises:
        ConfigurationError: Dask is not installed, the address is none, or a worker cannot do what we would do.
        Unavailable: nobody answers there, or nobody works there.
    """
    if find_spec("distributed") is None:
        raise ConfigurationError("--dask needs the extra: pip install 'perun-trading[dask]'")
    with _joined(address) as client:
        _see_to(client, address, home)
        yield client.get_executor()


@contextmanager
def _joined(address: str) -> Iterator[Any]:
    """A client of the scheduler; when it leaves, what was not begun is taken back."""
    dask: Any = import_module("distributed")  # it takes a while to import, and what we need of it has no types
    try:
        client = dask.Client(address, timeout=_PATIENCE_SECONDS)
    except OSError as error:
        raise Unavailable(f"no Dask scheduler answers at {address} within {_PATIENCE_SECONDS} seconds") from error
    except ValueError as error:
        raise ConfigurationError(f"--dask {address}: name a scheduler such as tcp://10.0.0.5:8786") from error
    with client:
        yield client


def _see_to(client: Any, address: str, home: Path) -> None:
    """Workers that lack our folder, or our version, would play other days to other bytes, or twice."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE_SECONDS)
    except TimeoutError as error:
        raise Unavailable(
            f"the Dask scheduler at {address} has no worker: dask worker {address} --nthreads 1"
        ) from error
    home.mkdir(parents=True, exist_ok=True)
    sign = home / f".seen-{token_hex(8)}"
    sign.touch()
    try:
        told = client.run(_looked, sign, on_error="return")
    finally:
        sign.unlink()
    for worker, answer in told.items():
        if fault := _fault(answer, home):
            raise ConfigurationError(f"the Dask worker {worker} {fault}")
    for worker, threads in client.nthreads().items():
        if threads > 1:
            raise ConfigurationError(f"the Dask worker {worker} has {threads} threads: begin it with --nthreads 1")


def _looked(sign: Path) -> tuple[str, bool]:
    """For a worker: which Perun it is, and whether it sees that file."""
    return version("perun-trading"), sign.exists()


def _fault(answer: object, home: Path) -> str | None:
    match answer:
        case (str(release), bool(sees)):
            if release != version("perun-trading"):
                return f"is Perun {release}, this is {version('perun-trading')}"
            return None if sees else f"does not see {home}: name an --out that all machines share"
        case _:
            return f"cannot play: {type(answer).__name__}; is Perun installed there?"
