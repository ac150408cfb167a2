"""The scripted server is what the real clients take it for, streams included."""

from pydantic import SecretStr

from perun.agents import clients
from perun.agents.meter import Meter
from support.model_server import Call, Garbles, ModelServer, Says, tokens


def test_when_a_client_streams_then_the_text_comes_in_pieces_and_the_usage_at_the_end():
    with ModelServer(lambda _: Says("It rises, and it has risen.")) as server:
        line = clients.Line(server.base_url, SecretStr("key"), 5, 0, Meter(), 100)
        pieces = list(clients.openai_client(line, "gpt-5-mini").stream("What now?", stream_usage=True))
    assert len([piece for piece in pieces if piece.content]) > 2
    assert "".join(str(piece.content) for piece in pieces) == "It rises, and it has risen."
    counted = [piece.usage_metadata for piece in pieces if piece.usage_metadata]
    assert [usage["output_tokens"] for usage in counted] == [tokens("It rises, and it has risen.")]


def test_when_a_client_streams_a_call_then_it_comes_whole():
    with ModelServer(lambda _: Says("", calls=(Call("bars", '{"symbol": "IBM"}'),))) as server:
        line = clients.Line(server.base_url, SecretStr("key"), 5, 0, Meter(), 100)
        chat = clients.openai_client(line, "gpt-5-mini")
        whole = None
        for piece in chat.stream("What now?"):
            whole = piece if whole is None else whole + piece
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == [("bars", {"symbol": "IBM"})]


def test_when_answers_are_completed_then_the_server_knows_what_was_read_and_written(serving, mind, question):
    answers = iter([Says("one two three"), Says("four"), Garbles("nothing")])
    server = serving(lambda _: next(answers))
    asked = mind(server)
    asked.reply(question)
    asked.reply(question)
    assert (server.read, server.written) == (2 * tokens(*(message.text for message in question.messages)), 4)
