"""The page of a search: what it embeds, that its filters choose rightly, and that a real browser shows it."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_mini_racer import MiniRacer

from hornbook.base.errors import HornbookError
from hornbook.pts import page
from hornbook.pts.page import embed, write_page
from tests.pts.browser import MISSING, Visit, visit
from tests.pts.search_fixtures import HOSTILE, decode, write_search

in_browser = pytest.mark.skipif(bool(MISSING), reason=MISSING)
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(write_search(tmp_path_factory.mktemp("search")), decode)


def data(path: Path) -> list[dict]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text("utf-8"), re.S)
    assert found
    return json.loads(found[1])["solutions"]


# What is embedded


def test_every_solution_has_its_tokens_curve_and_pivots(written: Path) -> None:
    wrong = next(s for s in data(written) if s["id"] == "solution-2")
    assert wrong["tokens"] == ["x", "B", "y"] and not wrong["verdict"]
    assert wrong["points"][1] == [1, 0.6, 0.5, 0.7, 40]
    assert [(p["at"], p["delta"], p["confirmed"]) for p in wrong["pivots"]] == [(1, -0.4, False)]


def test_both_sides_of_a_pivot_show_what_followed(written: Path) -> None:
    accepted, rejected = next(s for s in data(written) if s["id"] == "solution-1")["pivots"][0]["sides"]
    assert (accepted["role"], accepted["text"], accepted["pivot"]) == ("accepted", "G", True)
    assert (accepted["right"], accepted["made"]) == (3, 3)  # rollouts from the question itself passed through it
    assert accepted["rollouts"] == [["=1", True, 3]]
    assert (rejected["role"], rejected["text"], rejected["pivot"]) == ("rejected", "B", False)
    assert rejected["rollouts"] == [["=2</script>", False, 1]]


def test_a_hostile_question_cannot_end_the_data(written: Path) -> None:
    text = written.read_text("utf-8")
    assert text.count("</script>") == 2  # the data's own end and the script's
    assert HOSTILE in [solution["question"] for solution in data(written)]


@given(st.text())
def test_embedded_json_has_no_markup_and_keeps_its_text(text: str) -> None:
    embedded = embed(json.dumps(text, ensure_ascii=False).encode("utf-8", "ignore"))
    assert "<" not in embedded and json.loads(embedded) == text.encode("utf-8", "ignore").decode()


def test_it_asks_nothing_of_a_network(written: Path) -> None:
    class Addresses(HTMLParser):
        found: list[str] = []

        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            self.found += [name for name, _ in attributes if name in ("src", "href", "srcset", "action")]

    parser = Addresses()
    parser.feed(written.read_text("utf-8"))
    assert parser.found == []
    assert "url(" not in written.read_text("utf-8") and "default-src &#39;none&#39;" in written.read_text("utf-8")


def test_a_big_search_is_bounded_and_says_what_it_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PAGE_BYTES", 1300)
    path = write_page(write_search(tmp_path), decode)
    shown = data(path)
    assert 0 < len(shown) < 3 and shown[0]["pivots"]
    assert f"{3 - len(shown)} more solutions" in path.read_text("utf-8")


def test_the_same_search_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    assert write_page(write_search(tmp_path), decode).read_bytes() == written.read_bytes()


def test_a_folder_without_a_search_is_named(tmp_path: Path) -> None:
    with pytest.raises(HornbookError, match=r"solutions\.parquet: no such file"):
        write_page(tmp_path, decode)


# The filters' logic, by itself


@pytest.fixture(scope="module")
def logic() -> MiniRacer:
    racer = MiniRacer()
    racer.eval((page.TEMPLATES / "logic.js").read_text("utf-8"))
    return racer


def chosen(logic: MiniRacer, solutions: list[dict], fragment: str) -> list[tuple[str, list[int]]]:
    call = f"chosen({json.dumps(solutions)}, parseState({json.dumps(fragment)}))"
    rows = json.loads(str(logic.eval(f"JSON.stringify({call})")))
    return [(row["solution"]["id"][-1], [pivot["at"] for pivot in row["pivots"]]) for row in rows]


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("", [("1", [4]), ("2", [1]), ("3", [])]),  # Δ is +0.4 and −0.4; equals keep their order
        ("#sign=lowers", [("2", [1])]),
        ("#sign=raises&confirmed=1", [("1", [4])]),
        ("#sign=lowers&confirmed=1", []),
        ("#min=0.4", [("1", [4]), ("2", [1])]),
        ("#min=0.45", []),
        ("#question=DOG%20legs", [("2", [1])]),
        ("#question=task_3", [("3", [])]),
        ("#sort=question", [("1", [4]), ("2", [1]), ("3", [])]),
        ("#min=2&sign=sideways&sort=x&pivot=y&%E0%A4%A=1&question=%E0%A4%A", [("1", [4]), ("2", [1]), ("3", [])]),
    ],
)
def test_filters_choose(logic: MiniRacer, written: Path, fragment: str, expected: list) -> None:
    assert chosen(logic, data(written), fragment) == expected


@given(
    question=st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    sign=st.sampled_from(["any", "raises", "lowers"]),
    least=st.integers(0, 20),
    confirmed=st.booleans(),
    pivot=st.integers(-1, 99),
)
def test_the_address_keeps_the_whole_state(
    logic: MiniRacer, question: str, sign: str, least: int, confirmed: bool, pivot: int
) -> None:
    state = {"question": question, "sign": sign, "min": least / 20, "confirmed": confirmed}
    state |= {"sort": "count", "solution": "", "pivot": pivot}
    again = logic.eval(f"JSON.stringify(parseState(formatState({json.dumps(state)})))")
    assert json.loads(str(again)) == state


def test_no_character_of_a_token_is_invisible(logic: MiniRacer) -> None:
    shown = json.loads(str(logic.eval(r'JSON.stringify(glyphs(" a\n\t\u200b"))')))
    assert shown == [["mark", "·"], ["text", "a"], ["mark", "⏎\n⇥⟨200b⟩"]]
    assert json.loads(str(logic.eval('JSON.stringify(glyphs(""))'))) == [["mark", "∅"]]


def test_a_token_is_coloured_by_its_own_move(logic: MiniRacer) -> None:
    """A pivot's move covers all its tokens, others take the difference of their neighbours, or none."""
    points = [[0, 0.5, 0, 1, 9], [1, 0.75, 0, 1, 9], [4, 0.25, 0, 1, 9]]
    searched = {"tokens": list("abcde"), "points": points, "pivots": [{"at": 2, "length": 2, "delta": -0.5}]}
    moves = json.loads(str(logic.eval(f"JSON.stringify(moves({json.dumps(searched)}))")))
    assert moves == [0.25, None, -0.5, -0.5, None]


# In a real browser


def visible(visited: Visit) -> list[str]:
    cards = re.findall(r'<details class="solution"[^>]*>', visited.html)
    return [re.findall(r'id="([^"]*)"', card)[0] for card in cards if " hidden" not in card]


@in_browser
@pytest.mark.parametrize(
    ("fragment", "expected"),
    [("", ["solution-1", "solution-2", "solution-3"]), ("#sign=lowers&min=0.3", ["solution-2"]), ("#min=0.9", [])],
)
def test_the_browser_shows_what_the_address_asks_for(written: Path, fragment: str, expected: list[str]) -> None:
    visited = visit(written, fragment)
    assert visible(visited) == expected
    assert visited.console == []


@in_browser
@pytest.mark.parametrize("width", [500, 1400])
def test_the_browser_draws_tokens_curve_and_both_sides(written: Path, width: int) -> None:
    html = visit(written, "#solution=solution-1&pivot=4", width).html
    assert 'aria-label="pivotal token &quot;G&quot;, raises p(success) by 0.40, confirmed"' in html
    assert 'class="interval"' in html and 'class="jump raise"' in html
    assert "Accepted" in html and "Rejected" in html and "3 of 3 rollouts right" in html
    assert "=2&lt;/script&gt;" in html and "<title>Pivotal tokens</title>" in html  # nothing hostile ran


@in_browser
def test_every_control_works_and_is_kept_in_the_address(written: Path, tmp_path: Path) -> None:
    steps = """<script>
    const said = [];
    const set = (id, key, value, kind) => { control(id)[key] = value; control(id).dispatchEvent(new Event(kind)); };
    const note = () => said.push([location.hash, cards.filter((c) => !c.card.hidden).map((c) => c.solution.id)]);
    set("sign", "value", "lowers", "change"); note();
    set("min", "value", "0.5", "input"); note();
    control("filters").reset(); note();
    set("confirmed", "checked", true, "change"); note();
    set("confirmed", "checked", false, "change"); set("question", "value", "cat", "input"); note();
    control("filters").reset(); set("sort", "value", "question", "change"); note();
    document.querySelector("button.pivot").click(); note();
    const curve = document.querySelector(".curve");
    for (const key of ["Home", "ArrowRight"]) curve.dispatchEvent(new KeyboardEvent("keydown", { key }));
    said.push([curve.getAttribute("aria-valuenow"), document.documentElement.scrollWidth <= innerWidth]);
    document.title = JSON.stringify(said);
    </script>"""
    copy = tmp_path / "driven.html"
    copy.write_text(POLICY.sub("", written.read_text("utf-8")).replace("</body>", steps + "</body>"), "utf-8")
    visited = visit(copy, width=500)
    title = re.search("<title>(.*?)</title>", visited.html)
    assert title and visited.console == []
    everything = ["solution-1", "solution-2", "solution-3"]
    assert json.loads(unescape(title[1])) == [
        ["#sign=lowers", ["solution-2"]],
        ["#sign=lowers&min=0.5", []],
        ["", everything],
        ["#confirmed=1", ["solution-1"]],
        ["#question=cat", ["solution-3"]],
        ["#sort=question", everything],
        ["#sort=question&solution=solution-1&pivot=4", everything],
        ["1", True],
    ]
