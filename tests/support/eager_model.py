"""A scripted model that always wants AAPL, in every role."""

import json
import re

from support.model_words import Request, Says, form_of


def buys(request: Request) -> Says:
    """The answer of a model that wants AAPL."""
    form, text = form_of(request)["properties"], request["messages"][-1]["content"]
    bar = re.findall(r"bars:AAPL:\d{4}-\d\d-\d\d", text)[:1]
    told = {"summary": "Up.", "evidence": bar, "stance": "bullish", "conviction": 80}
    if "findings" in form:
        told = {"findings": []}
    elif "reviews" in form:
        told = {"reviews": [{"symbol": "AAPL", "ruling": "approve", "keep_percent": 100, "reason": "fine"}]}
    elif "signals" in form:
        each = {"symbol": "AAPL", "rationale": "r", "evidence": bar, "action": "BUY", "confidence": 90}
        told = {"signals": [each]}
    return Says(json.dumps(told))
