"""A question that may take only so long: whoever asks goes on without the answer, and nobody waits twice."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from types import TracebackType
from typing import TypeVar

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
        Thread(target=_answer, args=(future, question), daemon=True).start()
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


class _Answering:
    """Hands what goes wrong to whoever waits for the answer: it is raised again there."""

    def __init__(self, future: "Future[_T]") -> None:
        self._future = future

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Keep the error for the other side."""
        if error is not None:
            self._future.set_exception(error)
        return True


def _answer(future: "Future[_T]", question: Callable[[], _T]) -> None:
    with _Answering(future):
        future.set_result(question())
