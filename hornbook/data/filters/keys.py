"""Secret keys in a text: those of services with a form of their own, private keys, and what a name calls a key."""

import re
from collections import Counter
from collections.abc import Iterator
from math import log2

# what a key begins with (looked for first, as it is fast), and its form
_FORMS = {
    "AKIA": r"(?:AKIA)[A-Z2-7]{16}",
    "ASIA": r"(?:ASIA)[A-Z2-7]{16}",
    "ghp_": r"ghp_[A-Za-z0-9]{36,251}",
    "gho_": r"gho_[A-Za-z0-9]{36,251}",
    "ghu_": r"ghu_[A-Za-z0-9]{36,251}",
    "ghs_": r"ghs_[A-Za-z0-9]{36,251}",
    "ghr_": r"ghr_[A-Za-z0-9]{36,251}",
    "github_pat_": r"github_pat_[A-Za-z0-9_]{22,251}",
    "glpat-": r"glpat-[A-Za-z0-9_-]{20,64}",
    "sk-": r"sk-(?=[A-Za-z_-]{0,80}[0-9])(?=[a-z0-9_-]{0,16}[A-Za-z0-9]{16})[A-Za-z0-9_-]{20,251}",
    "sk_live_": r"sk_live_[A-Za-z0-9]{20,251}",
    "rk_live_": r"rk_live_[A-Za-z0-9]{20,251}",
    "AIza": r"AIza[A-Za-z0-9_-]{35}",
    "hf_": r"hf_[A-Za-z0-9]{30,40}",
    "npm_": r"npm_[A-Za-z0-9]{36}",
    "pypi-": r"pypi-AgE[A-Za-z0-9_-]{50,251}",
    "xox": r"xox[abeprs]-[A-Za-z0-9-]{16,251}",
    "SG.": r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}",
    "eyJ": r"eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{8,4096}",  # JSON web tokens
    "PRIVATE KEY": r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----[^-]{40,20000}"
    r"-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----",
}
_PATTERNS = {
    start: re.compile(rf"(?<![A-Za-z0-9_]){form}(?![A-Za-z0-9_])" if form[0] != "-" else form)
    for start, form in _FORMS.items()
}
_VALUE = re.compile(r"""[:=]>?[ \t]*["']?([A-Za-z0-9][A-Za-z0-9+/_=-]{15,511}+)(?![A-Za-z0-9+/_=.(\[-])""")
_KINDS = "api|access|auth|secret|private|client|account|session|encryption|signing|master|app"
_NAME = re.compile(
    rf"(?:(?:{_KINDS})[_ -]?(?:key|token|secret)(?:[_ -]?(?:id|value))?"
    r"|(?:secret|token|passw(?:or)?d|passphrase|pwd|credential)s?)[\"'\])]{0,3}[ \t]{0,8}\Z",
    re.IGNORECASE,
)
_LEAST_BITS = 3.3  # a character: random hexadecimal digits have 3.4 and more from 20 of them, words below 3.2
_EXAMPLE = re.compile(r"example|placeholder|your[_-]|x{6}|changeme|1234567890|abcdefgh", re.IGNORECASE)


def keys(text: str) -> Iterator[tuple[int, int]]:
    """Where keys stand; those that documentation uses as examples are left."""
    for start, pattern in _PATTERNS.items():
        if start in text:
            for match in pattern.finditer(text):
                if not _EXAMPLE.search(match[0][:64]):
                    yield match.span()
    for match in _VALUE.finditer(text):
        if _NAME.search(text, max(0, match.start() - 40), match.start()) and _is_random(match[1]):
            yield match.span(1)


def _is_random(value: str) -> bool:
    """Whether a value has letters, digits and as many different characters as a drawn one."""
    if not any(map(str.isdigit, value)) or not any(map(str.isalpha, value)) or _EXAMPLE.search(value):
        return False
    counts = Counter(value).values()
    return -sum(count / len(value) * log2(count / len(value)) for count in counts) >= _LEAST_BITS
