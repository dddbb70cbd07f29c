import time
from email.utils import formatdate

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.http import LONGEST_RETRY_AFTER, authorization, reason_of, seconds_of

REASONS = [
    (b'{"error": {"message": "too  long\\nby far", "type": "invalid"}}', "too long by far"),
    (b'{"error": "no such model"}', "no such model"),
    (b'{"detail": [{"loc": ["prompt"]}]}', '{"detail":[{"loc":["prompt"]}]}'),
    (b'{"detail": [{"loc": ["body", "seed"], "msg": "not permitted", "input": 5}]}', "body.seed: not permitted"),
    (b'{"message": {"detail": [{"loc": ["a"], "msg": "b"}, {"loc": ["c"], "msg": "d"}]}}', "a: b; c: d"),
    (b'[{"error": {"code": 400, "message": "no such model"}}]', "no such model"),
    (b'{"error": "invalid_request", "error_description": "no such model"}', "invalid_request; no such model"),
    (b'{"error": "Not found", "message": "Not found"}', "Not found"),
    (b'{"type": "error", "error": {"type": "x", "message": "Overloaded"}}', "Overloaded"),
    (b"<html>Bad\nGateway</html>", "an HTML page: Bad Gateway"),
    (b"<!doctype html><head><script>x<y</script></head><p>Sign&nbsp;in</p>", "an HTML page: Sign in"),
    (b"[" * 5000, "[" * 300),
    (b"\xff", "\N{REPLACEMENT CHARACTER}"),
    (b"", ""),
]
SECONDS = [("2.5", 2.5), ("", 0.0), ("soon", 0.0), ("-3", 0.0), ("1e9", LONGEST_RETRY_AFTER)]


@pytest.mark.parametrize(("body", "reason"), REASONS)
def test_a_refusal_is_one_short_line(body: bytes, reason: str) -> None:
    assert reason_of(body) == reason
    assert len(reason_of(body * 1000)) <= 300


@pytest.mark.parametrize(("header", "seconds"), SECONDS)
def test_retry_after_is_seconds(header: str, seconds: float) -> None:
    assert seconds_of(header) == seconds


def test_retry_after_is_a_date() -> None:
    assert 20 < seconds_of(formatdate(time.time() + 30, usegmt=True)) <= 30
    assert seconds_of(formatdate(0, usegmt=True)) == 0


def test_a_key_that_is_not_set_names_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert authorization("teacher.api_key_env", "") == {}
    monkeypatch.setenv("SOME_KEY", " secret ")
    assert authorization("teacher.api_key_env", "SOME_KEY") == {"Authorization": "Bearer secret"}
    monkeypatch.delenv("SOME_KEY")
    with pytest.raises(HornbookError, match=r"teacher\.api_key_env: .*SOME_KEY is not set"):
        authorization("teacher.api_key_env", "SOME_KEY")
