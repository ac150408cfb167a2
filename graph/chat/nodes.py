"""The steps of one turn: listen, answer, refuse, confirm. Only *confirm* does anything, and a person is asked first."""

from typing import Any, Final

from langchain_core.callbacks.manager import dispatch_custom_event
from langchain_core.messages import AIMessage
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from perun.agents.chronicler import DESK, VOICES
from perun.graph.chat.answering import answer as find_answer
from perun.graph.chat.desk import ReadingDesk
from perun.graph.chat.hearing import Aim, hear
from perun.graph.chat.state import ChatState
from perun.graph.chat.templates import MIND
from perun.graph.chat.transcript import Transcript, answer_row, spoken
from perun.tools.domain.chat_events import AnswerSaid, HaltAsked, HaltSettled, QuestionPut

LONGEST_QUESTION: Final = 2_000
"""Characters of a question that anybody reads."""
CONFIRM: Final = "Halt the desk? Nothing is traded until perun resume. Answer yes to confirm."
_YES: Final = frozenset({"yes", "y", "true", "approve", "approved", "confirm", "confirmed"})


def listen(state: ChatState, runtime: Runtime[ReadingDesk]) -> ChatState:
    """Put the question on record, and decide by its words alone what may become of it."""
    transcript, question = _transcript(runtime), _question(state)
    voice = state.get("voice") or DESK
    voice = voice if voice in VOICES else DESK
    transcript.record(QuestionPut(turn=transcript.turn, voice=voice, text=question))
    aim = hear(question, ()).aim
    if aim is Aim.HALT:
        transcript.record(HaltAsked(turn=transcript.turn, reason=question))
    way = {Aim.HALT: "confirm", Aim.COMMAND: "refuse"}.get(aim, "answer")
    return {"turn": transcript.turn, "voice": voice, "way": way}


def answer(state: ChatState, runtime: Runtime[ReadingDesk]) -> ChatState:
    """Say what the record says."""
    transcript = _transcript(runtime, state["turn"])
    return _say(
        find_answer(runtime.context, transcript, _question(state), state["voice"], state.get("cycle") or ""), transcript
    )


def refuse(state: ChatState, runtime: Runtime[ReadingDesk]) -> ChatState:
    """Say that the chat cannot do it, and what does."""
    heard = hear(_question(state), ())
    return _note(state, _transcript(runtime, state["turn"]), f"I cannot do that from here: {heard.refusal}.")


def confirm(state: ChatState, runtime: Runtime[ReadingDesk]) -> ChatState:
    """Ask the person back; halt on a yes, the way `perun halt` does, and on nothing else."""
    agreed = _agrees(interrupt({"reason": "halt", "message": CONFIRM, "response_schema": {"type": "boolean"}}))
    # From here on: what stands before an interrupt runs again when the person has answered.
    transcript, conversation = _transcript(runtime, state["turn"]), _conversation(runtime)
    if not agreed:
        transcript.record(HaltSettled(turn=state["turn"], confirmed=False))
        return _note(state, transcript, "The desk was not halted: you did not confirm it.")
    document = runtime.context.halt(_question(state), f"chat (chat:{conversation})")
    errors = tuple(document["errors"])
    transcript.record(HaltSettled(turn=state["turn"], confirmed=True, errors=errors))
    cancelled = ", ".join(document["cancelled"]) or "none was working"
    said = f"The desk is {document['trading_state']}. Purchases cancelled: {cancelled}."
    return _note(state, transcript, said, *errors, "perun resume --reason … lets it trade again.")


def _note(state: ChatState, transcript: Transcript, *notes: str) -> ChatState:
    return _say(AnswerSaid(turn=state["turn"], voice=state["voice"], mind=MIND, notes=notes), transcript)


def _say(said: AnswerSaid, transcript: Transcript) -> ChatState:
    """Put the answer on record, and show it to whoever listens."""
    transcript.record(said)
    said = next(event for event in reversed(transcript.events()) if isinstance(event, AnswerSaid))  # without secrets
    text, id_ = spoken(said), f"{transcript.stream}/{said.turn}"
    dispatch_custom_event("manually_emit_message", {"message_id": id_, "message": text})
    return {"messages": [AIMessage(content=text, id=id_)], "answer": answer_row(said)}


def _transcript(runtime: Runtime[ReadingDesk], turn: int | None = None) -> Transcript:
    transcript = runtime.context.transcript(_conversation(runtime))
    transcript.turn = turn or transcript.turn
    return transcript


def _conversation(runtime: Runtime[ReadingDesk]) -> str:
    """The conversation's name, which is its thread's."""
    run = runtime.execution_info
    assert run is not None
    return run.thread_id or ""


def _question(state: ChatState) -> str:
    """The person's last words. Whatever else a client sends as history is not read: the record has it."""
    asked: Any = next((each for each in reversed(state["messages"]) if each.type == "human"), None)
    return " ".join(str(asked.text).split())[:LONGEST_QUESTION] if asked else ""


def _agrees(said: Any) -> bool:
    """Whether the person said yes, in any of the forms in which clients send it. Everything else is a no."""
    if isinstance(said, dict):
        said = next((said[name] for name in ("confirmed", "approved", "value") if name in said), False)
    return said is True or (isinstance(said, str) and said.strip().strip("\"'.!").lower() in _YES)
