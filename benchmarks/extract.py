"""HTML → text, measured beside trafilatura and resiliparse on Debian's documentation packages.

    python -m benchmarks.extract [--quick] [--part PART ...] [--packages FOLDER] --json FILE

Prepare: `make peers`, and in FOLDER (by default debdocs) `apt-get download PACKAGE` and `dpkg -x PACKAGE_*.deb PACKAGE`
for each package of benchmarks/extract_sites.py. The reference of a page is the text of the element that the page itself
marks as its content (`Site.main`: role=main, or a container), without its anchors. From it come:

- text F1: words of the output that are in the reference in the same order (longest common subsequence);
- formulas, code blocks, tables: the share kept. A formula is kept if its TeX is in the output, a code block if its
  lines follow each other with their relative indentation, a table if each row is a line with signs between its cells;
- navigation: the share of pages whose output has a line that is a link outside of the content;
- speed: megabytes of HTML in a second of processor time, one process, the tools after each other.

Part `rest` reads all pages, without a reference: the share with less than a third of the better peer's words.

Part `articles` reads pages of news and magazines from the repositories that benchmarks/extract_articles.py names,
cloned into the folder `--articles`; people marked their references. It is left out where that option is not given.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import click
import msgspec

from benchmarks.extract_articles import read_articles, words_f1
from benchmarks.extract_sites import SITES, Site, site_pages
from benchmarks.extract_truth import WORD, Kept, Truth, compare, read_truth
from benchmarks.harness import Claim, number, part_options, run_parts, show
from hornbook.base.errors import HornbookError

PEERS = Path(".venv-peers-extract/bin/python")
TOOLS = ("ours", "trafilatura", "resiliparse")
COLUMNS = ("text F1", "formulas", "code blocks", "tables", "pages with navigation", "MB a CPU-second")
WORSE = 0.005  # F1 that a peer may be better by
FASTER = 5.0  # times trafilatura
SMALL = 200  # words of the better peer's output, below which a third says little

Scores = dict[str, dict[str, float | None]]  # tool → column → value


class Bench(msgspec.Struct):
    packages: Path
    quick: bool
    articles: Path | None
    scores: dict[str, Scores] = {}


@click.command(help=__doc__)
@part_options(["sites", "rest", "articles"])
@click.option("--packages", type=click.Path(path_type=Path), default=Path("debdocs"), help="Unpacked packages.")
@click.option("--articles", type=click.Path(path_type=Path), help="Folder of the repositories with articles.")
def main(parts: tuple[str, ...], quick: bool, file: Path, packages: Path, articles: Path | None) -> None:
    measures = {"sites": measure_sites, "rest": measure_rest, "articles": measure_articles}
    run_parts(measures, parts, lambda: Bench(packages, quick, articles), file)


def measure_sites(bench: Bench) -> list[Claim]:
    claims = []
    for site in SITES:
        scores = bench.scores[site.name] = score_site(site, bench)
        rows = [[tool, *(number(scores[tool][column]) for column in COLUMNS)] for tool in TOOLS]
        show(f"{site.name}{'' if site.tuned else ' (not tuned on)'}", ["", *COLUMNS], rows)
        claims.append(f1_claim(site, scores))
    return claims + [average_claim(column, bench) for column in COLUMNS]


def score_site(site: Site, bench: Bench) -> Scores:
    pages, truths = [], []
    for page in site_pages(site, bench.packages, 12 if bench.quick else 60):
        if (truth := read_truth(read(page), site)) is not None:
            pages.append(page)
            truths.append(truth)
    megabytes = sum(len(read(page).encode()) for page in pages) / 1e6
    scores: Scores = {}
    for tool in TOOLS:
        texts, seconds = run_tool(tool, pages)
        kept = [compare(truth, text) for truth, text in zip(truths, texts, strict=True)]
        scores[tool] = {**shares(truths, kept), "MB a CPU-second": megabytes / seconds}
    return scores


def shares(truths: list[Truth], kept: list[Kept]) -> dict[str, float | None]:
    """The columns of one tool on one site; None where the site has none of the kind."""

    def share(found: Callable[[Kept], int], total: Callable[[Truth], int]) -> float | None:
        all_of_them = sum(map(total, truths))
        return sum(map(found, kept)) / all_of_them if all_of_them else None

    return {
        "text F1": fmean(page.f1 for page in kept),
        "formulas": share(lambda page: page.formulas, lambda truth: len(truth.formulas)),
        "code blocks": share(lambda page: page.codes, lambda truth: len(truth.codes)),
        "tables": share(lambda page: page.tables, lambda truth: len(truth.tables)),
        "pages with navigation": share(lambda page: page.leaked, lambda truth: bool(truth.navigation)),
    }


def f1_claim(site: Site, scores: Scores) -> Claim:
    ours = scores["ours"]["text F1"] or 0.0
    peer = max(scores[tool]["text F1"] or 0.0 for tool in TOOLS[1:])
    name = f"{site.name}: text F1{'' if site.tuned else ' (not tuned on)'}"
    goal = f"no worse by more than {WORSE}"
    return Claim(name, ours, peer, "", ours / peer, None, None, goal, ours >= peer - WORSE)


def average_claim(column: str, bench: Bench) -> Claim:
    """Averages over the sites that have the kind; a share of pages with navigation is better when lower."""
    averages = {
        tool: fmean(value for scores in bench.scores.values() if (value := scores[tool][column]) is not None)
        for tool in TOOLS
    }
    ours = averages["ours"]
    if column == COLUMNS[-1]:
        peer = averages["trafilatura"]
        goal = f"{FASTER:g} times trafilatura"
        return Claim(f"average {column}", ours, peer, "", ours / peer, None, None, goal, ours >= FASTER * peer)
    lower = column == "pages with navigation"
    peer = (min if lower else max)(averages[tool] for tool in TOOLS[1:])
    met = ours <= peer if lower else ours >= peer
    better = (peer / ours if ours else None) if lower else (ours / peer if peer else None)
    return Claim(f"average {column}", ours, peer, "", better, None, None, "better than both", met)


def measure_rest(bench: Bench) -> list[Claim]:
    short: dict[str, int] = defaultdict(int)
    total = 0
    for site in SITES:
        pages = site_pages(site, bench.packages, 40 if bench.quick else 1_000_000)
        total += len(pages)
        counts = {tool: [len(WORD.findall(text)) for text in run_tool(tool, pages)[0]] for tool in TOOLS}
        for page, ours, *peers in zip(pages, *counts.values(), strict=True):
            if max(peers) >= SMALL and 3 * ours < max(peers):
                short[site.name] += 1
                print(f"{page}: {ours} words, the peers {peers}", file=sys.stderr)
    few = sum(short.values())
    name = f"pages of {total:,} with less than a third of the better peer's text"
    return [Claim(name, few, None, "pages", None, None, None, "none", few == 0)]


def measure_articles(bench: Bench) -> list[Claim]:
    if bench.articles is None:
        return []
    claims, rows = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, articles in read_articles(bench.articles).items():
            pages = []
            for place, article in enumerate(articles):
                pages.append(Path(folder, f"{place}.html"))
                pages[-1].write_bytes(article.page)
            megabytes = sum(len(article.page) for article in articles) / 1e6
            f1, row = {}, [name, str(len(articles))]
            for tool in TOOLS:
                texts, seconds = run_tool(tool, pages)
                f1[tool] = fmean(words_f1(a.words, text) for a, text in zip(articles, texts, strict=True))
                row += [number(f1[tool]), number(megabytes / seconds)]
            rows.append(row)
            peer = max(f1[tool] for tool in TOOLS[1:])
            ours, goal = f1["ours"], f"no worse by more than {WORSE}"
            claims.append(
                Claim(f"{name}: text F1", ours, peer, "", ours / peer, None, None, goal, ours >= peer - WORSE)
            )
    show("articles", ["", "pages", *(title for tool in TOOLS for title in (tool, "MB a CPU-second"))], rows)
    return claims


def run_tool(tool: str, pages: list[Path]) -> tuple[list[str], float]:
    """The text of each page and the seconds of processor time in all."""
    python = sys.executable if tool == "ours" else str(PEERS)
    if not Path(python).exists():
        raise HornbookError(f"no {PEERS}: run `make peers`")
    with tempfile.TemporaryDirectory() as folder:
        names, out = Path(folder, "pages"), Path(folder, "out")
        names.write_text("\n".join(str(page.resolve()) for page in pages))
        script = str(Path(__file__).with_name("extract_tool.py"))
        done = subprocess.run([python, script, tool, str(names), str(out)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise HornbookError(f"{tool} failed: {done.stderr.strip().splitlines()[-1]}")
        rows = [json.loads(line) for line in out.read_text().splitlines()]
    return [row["text"] for row in rows], sum(row["seconds"] for row in rows)


def read(page: Path) -> str:
    return page.read_bytes().decode("utf-8", "replace")


if __name__ == "__main__":
    main()
