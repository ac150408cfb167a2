"""A question that may take only so long: whoever asks goes on without the answer, and nobody waits twice."""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Final, TypeVar

from perun.tools.domain.errors import MemoryUnavailable

_T = TypeVar("_T")


class Timebox:
    """Runs questions in threads that die with the process, and stops waiting after some seconds.

    While a question that nobody waits for any more still runs, others are refused at once.
    """

    def __init__(self, seconds: float, subject: str) -> None:
        self._seconds, self._subject = seconds, subject
        self._turn = Lock()
        self._late: set[Future[object]] = set()

    @property
    def is_stuck(self) -> bool:
        """True while a question that took too long still runs."""
        with self._turn:
            self._late = {each for each in self._late if not each.done()}
            return bool(self._late)

    def ask(self, question: Callable[[], _T]) -> _T:
        """The answer, or whatever the question raised.

        Raises:
            MemoryUnavailable: no answer within the time.
        """
        if self.is_stuck:
            raise MemoryUnavailable(f"{self._subject} is still busy with an earlier question: gone on without it")
        future: Future[_T] = Future()
        _clerk().ask(future, question)
        try:
            return future.result(self._seconds)
        except TimeoutError as error:
            if future.done():  # then it was the question that raised it
                raise
            with self._turn:
                self._late.add(future)  # type: ignore[arg-type]  # nobody puts anything into it any more
            raise MemoryUnavailable(
                f"{self._subject} did not answer within {self._seconds:g} seconds (MEMORY_TIMEOUT_SECONDS): "
                "gone on without it"
            ) from error


class _Clerk:
    """A thread that answers one question after another; it dies with the process."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        Thread(target=self._serve, name="memory", daemon=True).start()

    def ask(self, future: "Future[_T]", question: Callable[[], _T]) -> None:
        """Have the question answered into the future."""
        self._asked.put((future, question))

    def _serve(self) -> None:
        while True:
            future, question = self._asked.get()
            self._answer(future, question)
            del future, question  # whatever they hold is not kept until the next question

    def _answer(self, future: "Future[_T]", question: Callable[[], _T]) -> None:
        with _Answering(future, self):
            answer = question()
            _FREE.append(self)  # before whoever waits may ask again
            future.set_result(answer)


class _Answering:
    """Hands what goes wrong to whoever waits for the answer: it is raised again there, and the clerk is free."""

    def __init__(self, future: "Future[_T]", clerk: _Clerk) -> None:
        self._future, self._clerk = future, clerk

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Keep the error for the other side."""
        if error is not None:
            _FREE.append(self._clerk)
            self._future.set_exception(error)
        return True


_FREE: Final[list[_Clerk]] = []
"""Those without a question. They are kept: the C library gives each new thread memory of its own, and keeps that."""


def _clerk() -> _Clerk:
    try:
        return _FREE.pop()
    except IndexError:
        return _Clerk()
