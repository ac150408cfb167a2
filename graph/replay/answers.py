"""Answers of models, kept by what was asked: a question that was answered once costs nothing the second time."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from threading import Lock

from perun.agents.models import Mind, Question, Reply, ToolCall
from perun.tools.domain.events import Usage


class Answers:
    """A folder's answers. Several threads and processes may use it at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._lock = path, Lock()
        with closing(self._connect()) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, body TEXT NOT NULL)")

    def __reduce__(self) -> tuple[type["Answers"], tuple[Path]]:
        """Another process opens the same file with a lock of its own."""
        return Answers, (self._path,)

    def find(self, key: str) -> str | None:
        """What was kept under the key; None when nothing was."""
        with closing(self._connect()) as connection:
            row = connection.execute("SELECT body FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def keep(self, key: str, body: str) -> None:
        """Keep it; what was kept first stays."""
        with self._lock, closing(self._connect()) as connection, connection:
            connection.execute("INSERT OR IGNORE INTO answers VALUES (?, ?)", (key, body))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=60)
        connection.execute("PRAGMA journal_mode=WAL")
        return connection


class Remembered:
    """A mind whose answers are kept. A kept answer says what it cost when it was given, and asks nobody."""

    def __init__(self, mind: Mind, answers: Answers, seed: int) -> None:
        self._mind, self._answers, self._seed = mind, answers, seed

    @property
    def name(self) -> str:
        """The mind's own."""
        return self._mind.name

    def reply(self, question: Question) -> Reply:
        """The kept answer, or the mind's, which is kept then.

        Raises:
            ModelUnavailable, ModelRefusedKey: as the mind does; nothing is kept.
        """
        key = question_key(self.name, self._seed, question)
        if (body := self._answers.find(key)) is not None:
            return _reply(json.loads(body))
        reply = self._mind.reply(question)
        self._answers.keep(key, json.dumps(_row(reply)))
        return reply


def remembered(minds: Mapping[str, Mind], answers: Answers, seed: int) -> dict[str, Mind]:
    """The minds, with their answers kept; each seed has answers of its own."""
    return {role: Remembered(mind, answers, seed) for role, mind in minds.items()}


def question_key(model: str, seed: int, question: Question) -> str:
    """Names all that bears on an answer: who is asked, the words, the form, the tools and the seed.

    The facts behind the words are no part of it: a model is not shown them, and they name the account, which every
    replay has anew.
    """
    asked = {
        "model": model,
        "seed": seed,
        "role": question.role,
        "messages": [
            [each.speaker, each.text, [[call.name, call.arguments] for call in each.calls]]
            for each in question.messages
        ],
        "answer": question.answer.model_json_schema(),
        "tools": [[tool.name, tool.arguments.model_json_schema()] for tool in question.tools],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _row(reply: Reply) -> dict[str, object]:
    return {
        "text": reply.text,
        "usage": reply.usage.model_dump(mode="json"),
        "calls": [[call.id, call.name, call.arguments] for call in reply.calls],
        "model": reply.model,
    }


def _reply(row: dict[str, object]) -> Reply:
    calls = row["calls"]
    assert isinstance(calls, list)
    return Reply(
        text=str(row["text"]),
        usage=Usage.model_validate(row["usage"]),
        calls=tuple(ToolCall(*call) for call in calls),
        model=str(row["model"]),
    )
