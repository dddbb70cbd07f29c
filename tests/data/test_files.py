"""A user's files: every format is read, and what cannot be read is named and skipped."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Document
from hornbook.data.readers.load import stream_records
from hornbook.data.sources.markup import html_to_text


def read(path, source="web"):
    rejects = []
    found = list(
        stream_records(path, "documents", lambda where, reason: rejects.append((where, reason)), prose_source=source)
    )
    return found, rejects


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path):
    root = tmp_path / "docs"
    (root / "sub").mkdir(parents=True)
    (root / "b.md").write_text("# Title\n\nA [link](http://x.y) and ![badge](http://b.png).")
    (root / "a.txt").write_text("plain [kept](as is)")
    (root / "sub" / "c.py").write_text("print(1)\n")
    (root / "program.bin").write_bytes(b"\0\1\2\3")
    (root / ".hidden").write_text("not read")
    found, rejects = read(root, "acquired")
    assert [(d.origin, d.source, d.kind, d.language) for d in found] == [
        ("docs/a.txt", "acquired", "prose", ""),
        ("docs/b.md", "acquired", "prose", ""),
        ("docs/sub/c.py", "code", "code", "python"),
    ]
    assert [d.text for d in found] == ["plain [kept](as is)", "# Title\n\nA [link](http://x.y) and .", "print(1)\n"]
    assert [(where.rpartition("/")[2], reason.split(":")[0]) for where, reason in rejects] == [
        ("program.bin", "binary file")
    ]
    assert len({d.id for d in found}) == 3 and found[0].metadata == {"format": "text"}


def test_bad_lines_are_named_and_skipped(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(
        b'{"text": "one", "source": "code"}\n\n{"text": \n[1]\n{"title": "no text"}\n{"text": "\xff"}\n{"text": "two"}'
    )
    found, rejects = read(path)
    assert [(d.text, d.source, d.origin) for d in found] == [("one", "code", "x.jsonl:1"), ("two", "web", "x.jsonl:7")]
    assert [where.rsplit(":")[-1] for where, _ in rejects] == ["3", "4", "5", "6"]
    assert [reason.split(":")[0] for _, reason in rejects] == ["corrupt line"] * 2 + ["no text", "corrupt line"]


def test_parquet_with_and_without_text(tmp_path):
    pq.write_table(pa.table({"text": ["one", None, "two"], "n": [1, 2, 3]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"title": ["one"]}), tmp_path / "b.parquet")
    (tmp_path / "c.parquet").write_text("not parquet")
    (tmp_path / "d.txt").write_bytes(b"caf\xe9")
    found, rejects = read(tmp_path)
    assert [d.text for d in found] == ["one", "two", "café"]
    assert [reason.split(":")[0] for _, reason in rejects] == ["no text", "no text", "unreadable file"]


def test_documents_of_another_stage_keep_all_they_know(tmp_path):
    known = Document(id="doc-1", text="t", source="code", origin="o", kind="code", language="go", topic="art")
    write_records(tmp_path / "documents.parquet", Document, [known])
    (tmp_path / "rejects.jsonl").write_text('{"where": "x"}')
    assert read(tmp_path) == ([known], [])


def test_inputs_that_hold_nothing_are_errors(tmp_path):
    for path, message in (
        (tmp_path / "gone", "no such file"),
        (tmp_path, "no files to read in this folder; expected documents, source code, archives or records"),
    ):
        with pytest.raises(HornbookError, match=message):
            read(path)


PAGE = """<!doctype html><html><head><title>t</title><style>p {color: red}</style><script>var x = "<p>no</p>";</script>
</head><body><nav><ul><li>Home</li></ul></nav><div class="sidebar"><div>Ads</div>More</div>
<main><h2>Sorting</h2><p>A list &amp; its
order.<br>Next</p><pre><code>for x in  y:
    print(x)</code></pre><ul><li>one<li>two</ul>
<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>
<p>Formula <math alttext="x^2"><mi>x</mi></math> here.</p></main><footer>Imprint</footer></body></html>"""


def test_html_keeps_code_tables_lists_and_formulas_and_drops_the_rest():
    text = html_to_text(PAGE)
    assert "## Sorting\n\nA list & its order.\nNext" in text
    assert "```\nfor x in  y:\n    print(x)\n```" in text
    assert "- one\n- two" in text and "a | b\n--- | ---\n1 | 2" in text and "$x^2$ here." in text
    for noise in ("Home", "Ads", "More", "Imprint", "color", "var x"):
        assert noise not in text


def test_broken_html_still_gives_its_text():
    assert html_to_text("<p>one<div>two</p></span>&nope; <b>three") == "one\n\ntwo\n\n&nope; three"
