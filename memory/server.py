"""An index on a Chroma server, which any number of processes may use at once."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast
from urllib.parse import urlsplit

from perun.memory.embedding import Embedder
from perun.memory.opening import Guard, collection_of, demand_same_model

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

DEFAULT_COLLECTION: Final = "perun"


@dataclass(frozen=True)
class OpenCollection:
    """A collection on a server, and the line to it."""

    collection: "Collection"
    line: ExitStack
    alone: Literal[False] = False
    """Any number of desks may write to the same."""

    def clean(self) -> None:
        """Nothing to do: the server holds the files."""

    def close(self, *, intact: bool) -> None:
        """Hang up; the files are the server's matter."""
        self.line.close()


@dataclass(frozen=True)
class ChromaServer:
    """A collection on a server such as `chroma run` starts.

    Desks with memory files of their own need collections of their own: whichever brings the index in line with its
    files drops what it has no file for.
    """

    url: str
    """Without the collection's name."""
    name: str = DEFAULT_COLLECTION

    @classmethod
    def at(cls, url: str) -> "ChromaServer":
        """From an address such as `http://localhost:8000/my-desk`: its path names the collection."""
        parts = urlsplit(url)
        return cls(f"{parts.scheme}://{parts.netloc}", parts.path.strip("/") or DEFAULT_COLLECTION)

    def guard(self) -> Guard:
        """What translates Chroma's errors; a server whose machine lost power may answer and still have a torn index."""
        hint = "is the Chroma server of CHROMA_URL up (`chroma run`)? If so, perun memory reindex builds it anew"
        return Guard(f"{self.name} at {self.url}", hint)

    def open(self, embedder: Embedder) -> OpenCollection:
        """The collection, made if there is none."""
        with self.guard(), ExitStack() as line:
            collection = collection_of(line.enter_context(self._called()), self.name, embedder)
            demand_same_model(f"{self.name} at {self.url}", collection, embedder)
            return OpenCollection(collection, line.pop_all())

    def beside(self) -> "ChromaServer":
        """The collection `perun.new` for `perun`."""
        return ChromaServer(self.url, f"{self.name}.new")

    def replace_by_beside(self) -> None:
        """Two steps: whoever looks between them makes an empty collection, and reindexing must be repeated."""
        self.discard()
        with self.guard(), self._called() as client:
            client.get_collection(self.beside().name, embedding_function=None).modify(name=self.name)

    def discard(self) -> None:
        """Delete the collection, if there is one."""
        from chromadb.errors import NotFoundError

        with self.guard(), self._called() as client, suppress(NotFoundError):
            client.delete_collection(self.name)

    @contextmanager
    def _called(self) -> Iterator["ClientAPI"]:
        import chromadb
        from chromadb.config import Settings

        parts = urlsplit(self.url)
        client = chromadb.HttpClient(
            parts.hostname or "localhost",
            parts.port or (443 if parts.scheme == "https" else 80),
            ssl=parts.scheme == "https",
            settings=Settings(anonymized_telemetry=False),
        )
        try:
            yield client
        finally:
            _hang_up(cast("Client", client))


def _hang_up(client: "Client") -> None:
    """Close the client, and the connections that Chroma itself would leave open: its own and its administrator's."""
    client.close()
    for side in (client, client._admin_client):
        session = getattr(getattr(side, "_server", None), "_session", None)
        if session is not None:
            session.close()
