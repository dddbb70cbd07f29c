"""How an endpoint is reached: proxies, headers, an address with a query, and fields of one's own."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.http import proxy_for
from hornbook.base.records import Message
from hornbook.teacher.client import open_teacher
from hornbook.teacher.ledger import Ledger
from hornbook.teacher.settings import TeacherSettings
from tests.teacher.mock_server import MockServer
from tests.teacher.test_client import settings_for

PROXIES: list[tuple[dict[str, str], str, str | None]] = [  # the environment, an address, its proxy
    ({}, "http://teacher.example/v1", None),
    ({"HTTP_PROXY": "http://p:3128"}, "http://teacher.example/v1", "http://p:3128"),
    ({"http_proxy": "http://p:3128"}, "http://teacher.example/v1", "http://p:3128"),
    ({"HTTP_PROXY": "http://p:3128"}, "https://teacher.example/v1", None),
    ({"HTTPS_PROXY": "http://p:3128"}, "https://teacher.example/v1", "http://p:3128"),
    ({"ALL_PROXY": "http://p:3128"}, "https://teacher.example/v1", "http://p:3128"),
    ({"ALL_PROXY": "http://a:1", "HTTPS_PROXY": "http://p:3128"}, "https://teacher.example/v1", "http://p:3128"),
    ({"HTTPS_PROXY": "p:3128"}, "https://teacher.example/v1", "http://p:3128"),
    ({"HTTPS_PROXY": "http://u:s@p:3128"}, "https://teacher.example/v1", "http://u:s@p:3128"),
    ({"HTTP_PROXY": "http://p:3128", "NO_PROXY": "teacher.example"}, "http://teacher.example/v1", None),
    ({"HTTP_PROXY": "http://p:3128", "NO_PROXY": ".example"}, "http://teacher.example:8000/v1", None),
    ({"HTTP_PROXY": "http://p:3128", "NO_PROXY": "other"}, "http://teacher.example/v1", "http://p:3128"),
    ({"HTTP_PROXY": "http://p:3128", "NO_PROXY": "*"}, "http://teacher.example/v1", None),
    ({"HTTP_PROXY": "http://p:3128"}, "http://127.0.0.1:8000/v1", None),
    ({"HTTP_PROXY": "http://p:3128"}, "http://localhost:8000/v1", None),
    ({"ALL_PROXY": "http://p:3128"}, "http://[::1]:8000/v1", None),
]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(("environment", "url", "proxy"), PROXIES)
def test_the_proxy_is_the_one_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


def test_a_proxy_of_another_kind_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://p:1080")

    async def run() -> None:
        async with open_teacher(TeacherSettings(url="http://teacher.invalid", model="m"), tmp_path) as teacher:
            await teacher.complete([Message("user", "hi")], purpose="test")

    with pytest.raises(HornbookError, match="a proxy of kind socks5"):
        asyncio.run(run())


def test_a_call_goes_through_the_proxy_with_its_headers_and_the_query_of_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Proxy(MockServer):
        """Answers whatever it is asked to fetch."""

        fetched: list[str] = []

        def add_routes(self, app: Any) -> None:
            async def fetch(request: Any) -> Any:
                self.fetched.append(str(request.url))
                return await self._ask(request)

            app.router.add_route("POST", "/{path:.*}", fetch)

    async def run() -> None:
        async with Proxy() as proxy:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("SOME_KEY", " s3cret ")
            settings = TeacherSettings(
                url="http://teacher.invalid/deployments/gpt/chat/completions?api-version=1",
                model="m",
                headers={"api-key": "$SOME_KEY", "X-Team": "books for ${SOME_KEY}", "X-Sign": "$$5"},
            )
            async with open_teacher(settings, tmp_path) as teacher:
                await teacher.complete([Message("user", "hi")], purpose="test")
            assert proxy.fetched == ["http://teacher.invalid/deployments/gpt/chat/completions?api-version=1"]
            [headers] = proxy.headers
            assert (headers["api-key"], headers["X-Sign"]) == ("s3cret", "$5")
            assert headers["X-Team"] == "books for  s3cret" and "Authorization" not in headers
        assert b"s3cret" not in (tmp_path / "calls.jsonl").read_bytes()

    asyncio.run(run())


def test_fields_of_ones_own_win_over_ours_and_make_another_call(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer() as server:
            keys = set()
            own: list[dict[str, Any]] = [{}, {"top_k": 20, "seed": None}, {"temperature": 0.1, "nested": {"a": [1]}}]
            for extra in own:
                async with open_teacher(settings_for(server, extra_body=extra), tmp_path) as teacher:
                    for _ in range(2):
                        keys.add((await teacher.complete([Message("user", "hi")], purpose="test")).key)
            assert len(keys) == len(server.bodies) == len(Ledger(tmp_path)) == 3
            plain, top_k, colder = server.bodies
            assert top_k["top_k"] == 20 and "seed" not in top_k and "seed" in plain
            assert colder["temperature"] == 0.1 and colder["nested"] == {"a": [1]} and plain["temperature"] == 0.7

    asyncio.run(run())


BAD: list[tuple[dict[str, Any], str]] = [
    ({"extra_body": {"messages": []}}, "extra_body cannot set messages"),
    ({"extra_body": {"stream": True}}, "extra_body cannot set stream"),
    ({"headers": {"bad name": "x"}}, "'bad name' is not a header"),
    ({"headers": {"X": "a\nb"}}, "'X' is not a header"),
    ({"headers": {"X": 5}}, "valid string"),
    ({"url": "", "local": "smollm2", "extra_body": {"top_k": 1}}, "with it goes url"),
    ({"budget": 1.0}, "price_in or price_out"),
]


@pytest.mark.parametrize(("values", "message"), BAD)
def test_a_bad_setting_is_one_line(values: dict[str, Any], message: str) -> None:
    with pytest.raises(HornbookError, match=message) as error:
        TeacherSettings.parse({"url": "http://h", "model": "m"} | values, "teacher")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("value", "message"), [("$NO_SUCH_KEY", "NO_SUCH_KEY is not set"), ("$ 5", "write \\$\\$")])
def test_a_header_that_cannot_be_filled_in_is_one_line(tmp_path: Path, value: str, message: str) -> None:
    async def run() -> None:
        async with open_teacher(TeacherSettings(url="http://h", model="m", headers={"X": value}), tmp_path):
            pass

    with pytest.raises(HornbookError, match=message):
        asyncio.run(run())


PRICES: list[tuple[dict[str, Any], tuple[float, float] | None]] = [  # settings, prices of a million tokens
    ({"model": "gpt-4o"}, (2.5, 10.0)),
    ({"model": "gpt-4o-2024-08-06"}, (2.5, 10.0)),
    ({"model": "openai/GPT-4o"}, (2.5, 10.0)),
    ({"model": "mistral-large-latest"}, (2.0, 6.0)),
    ({"model": "claude-sonnet-4-20250514"}, (3.0, 15.0)),
    ({"model": "gpt-4o", "batch": True}, (1.25, 5.0)),
    ({"model": "gpt-4o", "price_in": 1.0}, (1.0, 10.0)),
    ({"model": "gpt-4o", "price_in": 0.0, "price_out": 0.0}, (0.0, 0.0)),
    ({"model": "gpt-4o-of-our-own"}, None),
    ({"model": "mine"}, None),
    ({"model": "mine", "price_out": 4.0}, (0.0, 4.0)),
]


@pytest.mark.parametrize(("settings", "prices"), PRICES)
def test_prices_are_what_is_set_else_those_of_a_known_model_else_unknown(
    settings: dict[str, Any], prices: tuple[float, float] | None
) -> None:
    assert TeacherSettings(**{"url": "https://h", **settings}).prices == prices


def test_a_model_run_here_has_no_price() -> None:
    assert TeacherSettings(local="gpt-4o").prices is None
