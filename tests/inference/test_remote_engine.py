"""What a search relies on when a server samples: the same as from PyTorch, whatever goes wrong on the way."""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hornbook.base.errors import HornbookError
from hornbook.inference.remote_engine import ServerEngine
from hornbook.inference.rollouts import Request, Rollout
from hornbook.inference.settings import BackendSettings, Sampling
from tests.inference.fake_server import STOPS, FakeServer, Table
from tests.inference.tiny import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
KINDS = pytest.mark.parametrize("kind", ["llama", "vllm"])


def open_server(server: FakeServer, *, seed: int = 1, **changes: Any) -> ServerEngine:
    settings = {"url": server.url, "backoff": 0.002, "concurrency": 8, "timeout": 5.0} | changes
    return ServerEngine(BackendSettings(backend="server", **settings), TOKENIZER, seed=seed)


def decode(tokens: list[int]) -> str:
    return str(TOKENIZER.decode(tokens))


def some_requests(number: int) -> list[Request]:
    return [
        Request(TOKENIZER.encode("go on" if index % 3 else "say"), f"r{index}", limit=index % 5 and 10)
        for index in range(number)
    ]


def sampled(server: FakeServer, requests: list[Request], sampling: Sampling, **changes: Any) -> list[Rollout]:
    with open_server(server, **changes) as engine:
        return engine.sample(requests, sampling)


def assert_drawn_from(expected: np.ndarray, counts: np.ndarray) -> None:
    """Within 4.5 standard deviations everywhere, and never what has no probability."""
    assert (np.abs(counts - expected) <= 4.5 * np.sqrt(expected) + 1).all() and not counts[expected == 0].any()


def error_of(work: Callable[[], Any]) -> str:
    with pytest.raises(HornbookError) as error:
        work()
    assert "\n" not in str(error.value)
    return str(error.value)


@KINDS
def test_rollouts_come_in_order_and_a_rerun_asks_for_the_same(kind: str) -> None:
    requests, sampling = some_requests(30), Sampling(max_new_tokens=20)
    done: list[int] = []
    with FakeServer(kind) as server, open_server(server) as engine:
        assert engine.context == 96 and "table" in engine.fingerprint and server.url not in engine.fingerprint
        first = engine.sample(requests, sampling, done.append)
        asked = len(server.bodies)
        again = engine.sample(list(reversed(requests)), sampling)
        one_by_one = sampled(server, requests[:5], sampling, concurrency=1)
    assert first == list(reversed(again)) and one_by_one == first[:5]
    assert sorted(done) == sorted(len(rollout.tokens) for rollout in first)
    assert max(server.answered[name] for name in server.answered) == 3  # the same three times, not something else
    assert asked - (kind == "vllm") == len(requests)
    for request, rollout in zip(requests, first, strict=True):
        limit = request.limit or 20
        assert len(rollout.tokens) == len(rollout.logprobs) <= limit
        ended = rollout.tokens[-1] in STOPS
        assert rollout.finish == ("stop" if ended else "length") and (ended or len(rollout.tokens) == limit)
        assert not set(rollout.tokens[:-1]) & set(STOPS)
    assert {rollout.finish for rollout in first} == {"stop", "length"}


@KINDS
def test_another_seed_and_another_key_give_other_rollouts(kind: str) -> None:
    prefix = TOKENIZER.encode("go")
    with FakeServer(kind) as server:
        keys = [Request(prefix, key) for key in "abcdefgh"]
        one, two = (sampled(server, keys, Sampling(max_new_tokens=12), seed=seed) for seed in (1, 2))
    assert len({tuple(rollout.tokens) for rollout in one + two}) > 12


@KINDS
@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=0.7, top_k=9, top_p=0.8),
        Sampling(temperature=1.5, min_p=0.1),
        Sampling(top_p=0.9),
    ],
)
def test_logprobs_are_those_of_the_distribution_sampled_from(kind: str, sampling: Sampling) -> None:
    table = Table()
    sampling = sampling.model_copy(update={"max_new_tokens": 6})
    prefix = TOKENIZER.encode("go")
    n, counts = 300, np.zeros(71)
    requests = [Request(prefix, f"{number}", limit=6 if number < 20 else 1) for number in range(n)]
    with FakeServer(kind, table=table) as server:
        rollouts = sampled(server, requests, sampling)
    for rollout in rollouts:
        text = prefix + rollout.tokens
        for place, logprob in enumerate(rollout.logprobs):
            probs_V = table.distribution(text[len(prefix) - 1 + place], sampling)
            assert math.isclose(logprob, math.log(probs_V[rollout.tokens[place]]), abs_tol=1e-5)
        counts[rollout.tokens[0]] += 1
    expected = n * table.distribution(prefix[-1], sampling)
    assert_drawn_from(expected, counts)


@KINDS
@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=0.8),
        Sampling(temperature=0.9, top_p=0.9),
        Sampling(top_k=30),
        Sampling(temperature=3.0, top_k=60),
    ],
    ids=["free", "top_p", "top_k", "flat"],
)
def test_the_first_token_is_never_the_one_to_avoid_and_the_others_keep_their_proportions(
    kind: str, sampling: Sampling
) -> None:
    table, prefix, n = Table(), TOKENIZER.encode("go"), 300
    probs_V = table.distribution(prefix[-1], sampling)
    avoid = int(probs_V.argmax())
    requests = [Request(prefix, f"{number}", limit=1 if number > 5 else 4, avoid=avoid) for number in range(n)]
    with FakeServer(kind, table=table) as server:
        rollouts = sampled(server, requests, sampling)
    probs_V[avoid] = 0.0
    probs_V /= probs_V.sum()
    counts = np.bincount([rollout.tokens[0] for rollout in rollouts], minlength=71)
    assert_drawn_from(n * probs_V, counts)
    for rollout in rollouts:
        assert math.isclose(rollout.logprobs[0], math.log(probs_V[rollout.tokens[0]]), abs_tol=1e-4)
    assert max(len(rollout.tokens) for rollout in rollouts) == 4  # and they go on from there


@KINDS
def test_where_the_filters_left_only_the_token_to_avoid_they_apply_to_the_others(kind: str) -> None:
    table, prefix = Table(), TOKENIZER.encode("go")
    order = np.argsort(-table.logits_VV[prefix[-1]])
    requests = [Request(prefix, "k", limit=1, avoid=int(order[0]))]
    with FakeServer(kind, table=table) as server:
        for sampling in (Sampling(top_k=1), Sampling(temperature=0)):
            (rollout,) = sampled(server, requests, sampling)
            assert rollout.tokens == [order[1]] and math.isclose(rollout.logprobs[0], 0.0, abs_tol=1e-6)


@KINDS
def test_a_stop_text_ends_a_rollout_with_the_token_that_completes_it(kind: str) -> None:
    free, stop = Sampling(max_new_tokens=70), Sampling(max_new_tokens=70, stop=["a", "Zq"])
    prefix = TOKENIZER.encode("go")
    avoid = int(Table().logits_VV[prefix[-1]].argmax())
    requests = [Request(prefix, f"{number}", avoid=avoid if number % 2 else -1) for number in range(40)]
    with FakeServer(kind, decode=decode) as server:
        rollouts = sampled(server, requests, stop)
        assert sampled(server, requests, free) != rollouts
    ended = [rollout for rollout in rollouts if "a" in decode(rollout.tokens)]
    assert len(ended) > 5
    for rollout in rollouts:
        before, text = decode(rollout.tokens[:-1]), decode(rollout.tokens)
        assert "a" not in before and "Zq" not in before and len(rollout.logprobs) == len(rollout.tokens)
        hit = rollout.tokens[-1] in STOPS or "a" in text or "Zq" in text
        assert rollout.finish == ("stop" if hit else "length")


@KINDS
@pytest.mark.parametrize("name", ["cut", "server", "busy", "garbage", "hang", "mixed"])
def test_faults_on_the_way_change_nothing_and_nothing_answered_is_asked_again(kind: str, name: str) -> None:
    def fault(body: dict[str, Any], before: int) -> Any:
        ways = {
            "cut": ("cut", 2),
            "server": (500, 3),
            "busy": ((429, {"Retry-After": "0.05"}), 2),
            "garbage": ("garbage", 2),
        }
        ways["hang"] = ("hang", 1)
        way, times = ways[name if name != "mixed" else ["cut", "server", "busy", "garbage"][body["seed"] % 4]]
        return way if before < times and (name != "hang" or body["seed"] % 5 == 0) else None

    requests = some_requests(20)
    for request in requests[::4]:
        request.avoid = 20
    sampling = Sampling(max_new_tokens=15, top_k=40)
    with FakeServer(kind) as calm, FakeServer(kind, fault=fault) as rough:
        expected = sampled(calm, requests, sampling)
        assert sampled(rough, requests, sampling, timeout=0.4 if name == "hang" else 5.0) == expected
    assert max(rough.answered.values()) == 1
    assert rough.answered == calm.answered and len(rough.bodies) > len(calm.bodies)


@KINDS
def test_requests_in_flight_stay_within_the_setting(kind: str) -> None:
    with FakeServer(kind) as server:
        sampled(
            server,
            [Request([5], f"{n}", avoid=6) for n in range(60)],
            Sampling(top_k=60, max_new_tokens=3),
            concurrency=3,
        )
        assert server.most_open == 3


def test_an_unreachable_server_is_one_line_that_says_where_and_what() -> None:
    with FakeServer("vllm") as server:
        url = server.url
    settings = BackendSettings(backend="server", url=f"{url}/v1", backoff=0.001)
    told = error_of(lambda: ServerEngine(settings, TOKENIZER))
    assert url in told and "3 tries" in told and "Cannot connect" in told


@KINDS
def test_a_server_that_dies_ends_the_sampling_with_one_line_and_no_more_requests(kind: str) -> None:
    dead = []

    def fault(body: dict[str, Any], before: int) -> Any:
        dead.append(body["seed"])
        return 503 if len(dead) > 10 else None

    with FakeServer(kind, fault=fault) as server, open_server(server, retries=2) as engine:
        told = error_of(lambda: engine.sample([Request([5], f"{n}") for n in range(200)], Sampling(max_new_tokens=3)))
        assert server.url in told and "3 tries" in told and "503 no luck" in told
        time.sleep(0.1)  # for those in flight
        asked = len(server.bodies)
        time.sleep(0.1)
        assert len(server.bodies) == asked < 60


@KINDS
def test_a_refused_request_is_one_line_at_once(kind: str) -> None:
    with FakeServer(kind, fault=lambda body, before: 400 if 7 in body["prompt"] else None) as server:
        told = error_of(lambda: sampled(server, [Request([5, 7], "k")], Sampling()))
    assert "400 no luck" in told and sum(7 in body["prompt"] for body in server.bodies) == 1


def without_ids(reply: dict[str, Any]) -> dict[str, Any]:
    reply["choices"][0].pop("token_ids")
    return reply


def test_text_in_place_of_token_ids_is_refused() -> None:
    with FakeServer("vllm", fault=lambda body, before: without_ids) as server:
        told = error_of(lambda: open_server(server))
    assert "no token ids" in told and "vLLM 0.10.2" in told and "llama-server" in told


def test_ids_that_do_not_match_their_log_probabilities_are_refused() -> None:
    def short(reply: dict[str, Any]) -> dict[str, Any]:
        return reply | {"tokens": reply["tokens"][1:]}

    def words(reply: dict[str, Any]) -> dict[str, Any]:
        return reply | {"tokens": [" the"] * len(reply["tokens"])}

    def avoided(reply: dict[str, Any]) -> dict[str, Any]:
        return reply | {"tokens": [6]}

    cases = [(short, "equally many"), (words, "not a completion"), (avoided, "logit_bias")]
    for change, message in cases:
        with FakeServer("llama", fault=lambda body, before, change=change: change) as server:
            asked = [Request([5], "k", limit=8, avoid=6 if change is avoided else -1)]
            assert message in error_of(lambda server=server, asked=asked: sampled(server, asked, Sampling(), retries=1))


def test_vllm_without_processed_logprobs_is_refused_where_they_differ() -> None:
    with FakeServer("vllm", processed=False) as server, open_server(server) as engine:
        plain = engine.sample([Request([5], "k", limit=3)], Sampling())
        assert all(logprob < 0 for logprob in plain[0].logprobs)
        greedy = engine.sample([Request([5], "k", limit=3)], Sampling(temperature=0))
        assert greedy[0].logprobs == [0.0] * len(greedy[0].tokens)
        for request, sampling in [
            (Request([5], "k"), Sampling(temperature=0.7)),
            (Request([5], "k"), Sampling(top_k=5)),
            (Request([5], "k", avoid=4), Sampling()),
        ]:
            told = error_of(lambda r=request, s=sampling: engine.sample([r], s))
            assert "--logprobs-mode processed_logprobs" in told
        assert "min_p before top_p" in error_of(lambda: engine.sample([], Sampling(min_p=0.1, top_p=0.5)))


def test_vllm_without_processed_logprobs_will_do_where_none_are_needed() -> None:
    settings: dict[str, Any] = {"backend": "server", "backoff": 0.002}
    with FakeServer("vllm", processed=False) as plain, FakeServer("vllm") as processed:
        made = []
        for server in (plain, processed):
            backend = BackendSettings(url=server.url, **settings)
            with ServerEngine(backend, TOKENIZER, seed=1, probabilities=False) as engine:
                rollouts = engine.sample(some_requests(20), Sampling(temperature=0.7, top_k=20))
                made.append([(rollout.tokens, rollout.finish) for rollout in rollouts])
                if server is plain:
                    told = error_of(lambda e=engine: e.sample([Request([5], "k", avoid=4)], Sampling()))
                    assert "processed_logprobs" in told
        assert made[0] == made[1]


@KINDS
def test_continuations_are_scored_with_the_models_own_probabilities(kind: str) -> None:
    table = Table()
    prefixes, continuations = [[5, 6], [9], [7]], [[8, 12, 3], [], [66]]
    with FakeServer(kind, table=table) as server, open_server(server) as engine:
        found = engine.logprobs(prefixes, continuations)
        assert "another token" not in error_of(lambda: engine.logprobs([[]], [[1]]))
    for prefix, continuation, logprobs in zip(prefixes, continuations, found, strict=True):
        text = prefix + continuation
        expected = [
            math.log(table.distribution(text[len(prefix) - 1 + place], Sampling())[token])
            for place, token in enumerate(continuation)
        ]
        assert np.allclose(logprobs, expected, atol=1e-5)


@KINDS
def test_the_context_is_the_limit(kind: str) -> None:
    with FakeServer(kind, room=16) as server, open_server(server) as engine:
        rollouts = engine.sample([Request([5] * 13, f"{n}") for n in range(20)], Sampling(max_new_tokens=50))
        assert max(len(rollout.tokens) for rollout in rollouts) == 3
        assert "leaves no room in the model's context of 16" in error_of(
            lambda: engine.sample([Request([5] * 16, "k")], Sampling())
        )
        assert "empty prefix" in error_of(lambda: engine.sample([Request([], "k")], Sampling()))
        assert len(engine.logprobs([[5] * 12], [[6] * 3])[0]) == 3
        assert "leaves no room" in error_of(lambda: engine.logprobs([[5] * 12], [[6] * 5]))


@KINDS
def test_a_server_with_another_tokenizer_is_refused(kind: str) -> None:
    with FakeServer(kind, decode=lambda tokens: "something else") as server:
        assert "another tokenizer" in error_of(lambda: open_server(server))


def test_the_model_and_the_key_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer("vllm") as server:
        assert "no model nemo; it serves table" in error_of(lambda: open_server(server, served_model="nemo"))
        assert "ROLLOUT_KEY is not set" in error_of(lambda: open_server(server, api_key_env="ROLLOUT_KEY"))
        monkeypatch.setenv("ROLLOUT_KEY", "secret")
        sampled(server, [Request([5], "k", limit=2)], Sampling(), api_key_env="ROLLOUT_KEY", served_model="table")
        assert server.headers[-1]["Authorization"] == "Bearer secret" and server.bodies[-1]["model"] == "table"


def test_a_server_that_does_not_say_its_context_is_refused() -> None:
    with FakeServer("vllm", room=None) as server:  # type: ignore[arg-type]
        server_models = error_of(lambda: open_server(server))
    assert "reports the model's context length" in server_models
