"""The page: what it embeds, that it loads nothing, and what its script makes of a stream."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from py_mini_racer import MiniRacer

from hornbook.chat.loaded_model import LoadedModel
from hornbook.chat.write_page import SCRIPTS, TEMPLATES, page, questions
from hornbook.inference.settings import Sampling
from tests.chat.conftest import Client
from tests.pts.browser import MISSING, open_address

HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def logic() -> MiniRacer:
    racer = MiniRacer()
    racer.eval((TEMPLATES / "logic.js").read_text("utf-8"))
    return racer


def value(logic: MiniRacer, call: str) -> object:
    return json.loads(str(logic.eval(f"JSON.stringify({call})")))


def test_it_loads_nothing_and_nothing_else_can_run(loaded: LoadedModel) -> None:
    text, policy = page(loaded._replace(name=HOSTILE), Sampling(temperature=0.7), 3, HOSTILE)
    assert HOSTILE not in text and text.count("</script>") == 1
    assert not re.search(r"""(?:src|href)=["'](?!data:,)""", text) and "url(" not in text and "//" not in policy
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy
    assert 'id="temperature" type="range" min="0" max="2" step="0.05" value="0.7"' in text and 'value="3"' in text


def test_its_controls_are_all_there(loaded: LoadedModel) -> None:
    """Whatever the script takes by its id is in the document; what is there for searches alone is asked for first."""
    text, _ = page(loaded, Sampling(), None, "")
    script = "\n".join((TEMPLATES / name).read_text("utf-8") for name in SCRIPTS)
    wanted = set(re.findall(r'control\("(\w+)"\)', script))
    assert wanted - set(re.findall(r'id="(\w+)"', text)) == {"searched"}
    assert "prefers-color-scheme: dark" in text and "max-width: 40rem" in text
    assert questions(loaded) == []


def test_events_are_read_however_the_stream_is_cut(logic: MiniRacer) -> None:
    stream = 'data: {"a": "x\\n\\ny"}\n\ndata: {"b": 2}\n\ndata: [DONE]\n\n'
    for cut in range(len(stream)):
        first = value(logic, f"readEvents({json.dumps(stream[:cut])})")
        assert isinstance(first, dict)
        second = value(logic, f"readEvents({json.dumps(first['rest'] + stream[cut:])})")
        assert isinstance(second, dict)
        assert [*first["events"], *second["events"]] == [{"a": "x\n\ny"}, {"b": 2}] and second["rest"] == ""


def test_tokens_are_classed_by_probability(logic: MiniRacer) -> None:
    assert [value(logic, f"likelihood({p})") for p in (1, 0.9, 0.6, 0.3, 0.1)] == [
        "sure",
        "sure",
        "likely",
        "unsure",
        "rare",
    ]
    assert [value(logic, f"percent({p})") for p in (1, 0.5, 0.0123, 0.0001)] == ["100 %", "50 %", "1.2 %", "< 0.1 %"]
    token = {"token": " a", "logprob": -3, "top_logprobs": [{"token": "\n", "logprob": 0}]}
    rows = value(logic, f"alternatives({json.dumps(token)})")
    assert (
        isinstance(rows, list) and [row[0] for row in rows] == ["⏎", "·a"] and [row[2] for row in rows] == [False, True]
    )


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("width", [400, 1200])
def test_a_browser_runs_it_without_complaint(talk, tmp_path: Path, width: int) -> None:
    async def test(client: Client) -> None:
        seen = await asyncio.to_thread(open_address, f"{client.address}/", tmp_path, width)
        assert seen.console == [] and 'class="coloured"' in seen.html  # which its script has set

    talk(test)


def test_what_it_asks_is_what_the_server_takes(logic: MiniRacer, talk) -> None:
    settings = {"temperature": "0.7", "top_p": "1", "max_tokens": "9", "seed": "4"}
    turns = [{"role": "user", "content": "How many?"}]
    body = value(logic, f"requestBody('small-sft', 'Be brief.', {json.dumps(turns)}, {json.dumps(settings)})")
    assert isinstance(body, dict) and body["messages"][0]["role"] == "system" and body["seed"] == 4

    async def test(client: Client) -> None:
        chunks = await client.stream("/v1/chat/completions", body)
        tokens = [t for c in chunks for choice in c["choices"] for t in (choice["logprobs"] or {}).get("content", [])]
        assert len(tokens) == 9 and len(tokens[0]["top_logprobs"]) == 5
        status, text = await client.get("/")
        assert status == 200 and "<!doctype html>" in text
        assert await client.get("/questions") == (200, "[]")

    talk(test)
