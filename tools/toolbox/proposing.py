"""The PROPOSE tool: the trader's form as a call. It reaches nobody; the gate judges what is filled in."""

from pydantic import BaseModel

from perun.tools.toolbox.tool import ProposeTool

DESCRIPTION = "Hand in your signals, one for each symbol. This ends your turn; it is the same as answering with them."


def propose_signals(form: type[BaseModel]) -> ProposeTool:
    """`propose_signals` with the form that the trader's answer must fit."""
    return ProposeTool("propose_signals", DESCRIPTION, form)
