"""E-mail addresses and IP addresses in a text, by their form and what stands around them."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_LETTER = "A-Za-z0-9\u00c0-\u024f"
_LOCAL = re.compile(rf"[{_LETTER}.%'+_-]{{1,64}}\Z")  # rarer characters are part of what stands before it
_DOMAIN = re.compile(rf"(?:[{_LETTER}][{_LETTER}-]{{0,62}}\.){{1,6}}([A-Za-z]{{2,18}})(?![\w(\[]|-\w|\.\w)")
_MARKS = "'_%.-+"  # no part of it where it begins with one
_AT, _DOT = (rf" ?[\[(<{{] ?{word} ?[\])>}}] ?" for word in ("at", "dot"))
_SPELT_AT = re.compile(_AT.removeprefix(" ?"), re.IGNORECASE)  # looked for first
_SPELT = re.compile(rf"[a-z0-9._+-]{{1,64}}{_AT}[a-z0-9-]{{1,63}}(?:(?:\.|{_DOT}| dot )[a-z0-9-]{{1,63}}){{1,5}}", re.I)
_GENERIC = """
com org net edu gov mil int info biz name pro museum coop aero jobs mobi travel arpa asia cat tel post dev app xyz
online site tech store shop club blog cloud page email live news world life agency digital company solutions group
today center network systems academy school university science health care law media studio design software services
support business global international foundation institute community space website top vip work works social team
tools expert consulting engineering education events finance bank london berlin paris tokyo amsterdam hamburg koeln
bayern wien swiss scot wales nyc bzh eus gal
"""
_TOP = frozenset(_GENERIC.split())  # and all of two letters but these suffixes of files and attributes in programs
_NO_COUNTRY = frozenset(["cs", "dt", "eq", "go", "hh", "js", "kt", "le", "rb", "ts", "vb"])
_RESERVED = re.compile(r"(?:^|\.)(?:example\.(?:com|org|net|edu)|test|invalid|localhost|example|local)$", re.IGNORECASE)
_SERVICES = frozenset(["git", "hg", "svn"])  # git@github.com:owner/name is nobody's address

_V4 = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}")  # from the last digit of the first number: faster
_V4_AFTER = re.compile(r"\w|\.\w|-[A-Za-z_]|-[0-9]+(?![0-9.])")
_V4_BEFORE = re.compile(r"(?:[\w.$§]|[A-Za-z_]-|[<>=~!^]=? ?)\Z")
_VERSION = re.compile(
    r"(?:\b(?:v|ver|version|versions|release|releases|rev|revision|build|kernel|firmware|driver|patch|update|package"
    r"|sections?|sec|chapter|clause|paragraph|article|table|figure|fig|appendix|rule|step|item|exercise|theorem|lemma"
    r"|oid|iso|rfc|abschnitt|kapitel|tabelle|versión|sección|capítulo)\b\.?[ :#=(\[\x22]{0,3}|§ ?)\Z",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\b(?:ip|ipv4|address|addr|host|server|client|dns|gateway|proxy|ping|ssh)\b\W{0,4}\Z", re.I)
_SMALL = 32  # four numbers below it are rather a version or a section: one address in 4,096 has only such
_V6 = re.compile(r":[0-9A-Fa-f]{0,4}:")
_V6_LETTERS = frozenset("0123456789abcdefABCDEF:.")
_UNICAST = ip_network("2000::/3")  # all public addresses of today; leaves out names such as `a::b`
_DOCUMENTATION = [ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Where e-mail addresses stand, those of example domains excepted; also "name [at] domain [dot] org"."""
    place = text.find("@")
    while place >= 0:
        domain = _DOMAIN.match(text, place + 1)
        local = _LOCAL.search(text[max(0, place - 64) : place]) if domain else None
        if domain and local and _is_domain(domain):
            name = local[0].lstrip(_MARKS)
            if name and not name.endswith(".") and name not in _SERVICES:
                yield place - len(name), domain.end()
        place = text.find("@", place + 1)
    if _SPELT_AT.search(text):
        for match in _SPELT.finditer(text):
            top = re.split(r"[^A-Za-z0-9-]+", match[0])[-1].lower()
            if top in _TOP or (len(top) == 2 and top.isalpha()):
                yield match.span()


def public_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where IP addresses of the public internet stand, of versions 4 and 6; no version numbers."""
    for start, end, address in _addresses(text):
        if address.is_global and not address.is_multicast and not address.is_reserved:
            yield start, end


def local_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses of private networks, of the machine itself or of its link stand."""
    for start, end, address in _addresses(text):
        if not address.is_global and not any(address in net for net in _DOCUMENTATION):
            yield start, end


def _is_domain(domain: re.Match[str]) -> bool:
    top = domain[1].lower()
    if top not in _TOP and (len(top) != 2 or top in _NO_COUNTRY):
        return False
    return not _RESERVED.search(domain[0])


def _addresses(text: str) -> Iterator[tuple[int, int, IPv4Address | IPv6Address]]:
    for match in _V4.finditer(text):
        start, end = match.span()
        while start > match.start() - 2 and text[start - 1 : start].isdecimal():
            start -= 1
        if _looks_like_v4(text, start, end) and (address := _parsed(text[start:end])):
            yield start, end, address
    for start, end in _v6_candidates(text):
        address = _parsed(text[start:end])
        if address and (address in _UNICAST or address.is_link_local or address.is_private):
            yield start, end, address


def _looks_like_v4(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 24) : start]
    if _V4_AFTER.match(text, end) or _V4_BEFORE.search(before) or _VERSION.search(before):
        return False
    small = all(int(number) < _SMALL for number in text[start:end].split("."))
    return not small or bool(_ADDRESS.search(before))


def _v6_candidates(text: str) -> Iterator[tuple[int, int]]:
    """Runs of hexadecimal groups and colons around "x:y:" that nothing of a word adjoins."""
    done = 0
    for match in _V6.finditer(text):
        start, end = match.span()
        if start < done:
            continue
        while start > done and text[start - 1] in _V6_LETTERS:
            start -= 1
        while end < len(text) and text[end] in _V6_LETTERS:
            end += 1
        done = end
        while text[start:end].endswith(".") or (text[start:end].endswith(":") and not text[start:end].endswith("::")):
            end -= 1
        if end - start <= 45 and not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start, end


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
