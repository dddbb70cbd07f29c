"""Personal data and keys in texts: found by form, replaced by what is reserved for examples, counted by kind.

The replacements keep sentences readable and programs valid, and are never found themselves.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from hornbook.data.filters.addresses import emails, local_addresses, public_addresses
from hornbook.data.filters.keys import keys
from hornbook.data.filters.phones import phones

Span = tuple[int, int]

FINDERS: dict[str, Callable[[str], Iterator[Span]]] = {
    "key": keys,  # first: what is inside a key is nothing else
    "email": emails,
    "ip": public_addresses,
    "local_ip": local_addresses,
    "phone": phones,
}
REPLACEMENTS = {
    "key": "REDACTED_KEY",
    "email": "email@example.com",  # RFC 2606
    "ip": "192.0.2.1",  # RFC 5737; 2001:db8::1, of RFC 3849, for an address of version 6
    "local_ip": "192.0.2.1",
    "phone": "555-0100",  # of the numbers for fiction, 555-0100 to 555-0199
}


def mask(text: str, kinds: Iterable[str]) -> tuple[str, Counter[str]]:
    """The text with what was found replaced, and how many of each kind of `FINDERS` there were.

    Of findings that overlap, the one that begins first is replaced. Masking again finds nothing.
    """
    wanted = [kind for kind in FINDERS if kind in kinds]
    counts: Counter[str] = Counter()
    while found := [(*span, kind) for kind in wanted for span in FINDERS[kind](text)]:
        found.sort(key=lambda item: (item[0], -item[1]))
        parts, place = [], 0
        for start, end, kind in found:
            if start >= place:
                version_6 = ":" in text[start:end] and REPLACEMENTS[kind] == REPLACEMENTS["ip"]
                parts += [text[place:start], "2001:db8::1" if version_6 else REPLACEMENTS[kind]]
                counts[kind] += 1
                place = end
        text = "".join([*parts, text[place:]])
    return text, counts
