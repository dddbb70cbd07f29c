"""The text of HTML and of Markdown, under the names that callers of this module know (report §2.3)."""

from hornbook.data.extract.html import html_to_text as html_to_text
from hornbook.data.extract.markdown import clean_markdown as clean_markdown
