"""Personal data and keys: what is masked, and the near misses that are not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.data.filters.privacy import FINDERS, mask

# (kind, text, masked text); secrets are put together here, so that nothing in this file looks like one
HEX = "9f86d081884c7d659a2feaa0c55ad015"
MASKED = [
    ("email", "Write to anna.meier@uni-koeln.de.", "Write to email@example.com."),
    ("email", "<j.o'neil+lists@mail.co.uk>", "<email@example.com>"),
    ("email", "mailto:info@müller-bau.de, thanks", "mailto:email@example.com, thanks"),
    ("email", "a@b.org and c_d@e-f.com", "email@example.com and email@example.com"),
    ("email", "連絡先：tanaka@keio.ac.jp。", "連絡先：email@example.com。"),
    ("email", "mary [at] physics [dot] edu", "email@example.com"),
    ("email", "joe (at) firm.com!", "email@example.com!"),
    ("email", "https://lists.org/git/2017.ns5@a.b.net/", "https://lists.org/git/email@example.com/"),
    ("email", "author = 'Kim <kim@proj.io>'", "author = 'Kim <email@example.com>'"),
    ("ip", "The attack came from 81.169.145.7.", "The attack came from 192.0.2.1."),
    ("ip", "81.169.145.7:8080 and 81.169.145.0/24", "192.0.2.1:8080 and 192.0.2.1/24"),
    ("ip", "ping 8.8.8.8", "ping 192.0.2.1"),
    ("ip", "2a00:1450:4001:81c::200e is up", "2001:db8::1 is up"),
    ("ip", "[2606:4700::6810:84e5]:443", "[2001:db8::1]:443"),
    ("ip", "at 2001:4860:4860:0:0:0:0:8888, port 53", "at 2001:db8::1, port 53"),
    ("local_ip", "ssh 192.168.178.20, then 10.11.12.250 and fe80::1", "ssh 192.0.2.1, then 192.0.2.1 and 2001:db8::1"),
    ("phone", "Call +49 30 901820 now", "Call 555-0100 now"),
    ("phone", "+1 (415) 992-2671", "555-0100"),
    ("phone", "(212) 736-5000 or 212-736-5001", "555-0100 or 555-0100"),
    ("phone", "1-800-275-2273", "555-0100"),
    ("phone", "Tel.: 030/901820-55, Fax: 0221 47 11 00", "Tel.: 555-0100, Fax: 555-0100"),
    ("phone", "Tél. 01 42 68 53 00", "Tél. 555-0100"),
    ("phone", "電話：03-3501-1511", "電話：555-0100"),
    ("phone", "+44 20 7946 1234, +81-3-3501-1511", "555-0100, 555-0100"),
    ("phone", "phone number is 9876 543 210", "phone number is 555-0100"),
    ("key", "AKIA" + "Q3EGRIDV2TZ5WL6M", "REDACTED_KEY"),
    ("key", "token: ghp_" + "a1B2c3D4e5F6" * 3, "token: REDACTED_KEY"),
    ("key", "OPENAI=sk-" + "proj-T3Bl" + "bkFJq7Xw" * 4, "OPENAI=REDACTED_KEY"),
    ("key", "sk-" + "ant-api03-" + "Ab9Zx8Yc7" * 5, "REDACTED_KEY"),
    ("key", "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow\n" * 20 + "-----END RSA PRIVATE KEY-----", "REDACTED_KEY"),
    ("key", "eyJ" + "hbGciOiJIUzI1" + ".eyJ" + "zdWIiOiIxMjM0" + ".SflKxwRJSMeKKF2QT4", "REDACTED_KEY"),
    ("key", f'api_key = "{HEX}"', 'api_key = "REDACTED_KEY"'),
    ("key", f"{{'client-secret': '{HEX}'}}", "{'client-secret': 'REDACTED_KEY'}"),
    ("key", "AWS_SECRET_ACCESS_KEY=wJalr" + "XUtnFEMIK7MDENGbPxRfiCYzQ8r2uH0kL", "AWS_SECRET_ACCESS_KEY=REDACTED_KEY"),
    ("key", "PASSWORD: Tr0ub4dor" + "XqZ9w7Lk2", "PASSWORD: REDACTED_KEY"),
]
KEPT = {  # of every kind but local addresses
    "email": "@property\ndef f(self): return x @ y.T",
    "decorator": "@app.route('/') and user@host and name@",
    "matrix": "q@k.to(device) + w@x.shape + a@b.T",
    "retina": "logo@2x.png, react@18.2.0, eslint@latest",
    "ssh": "git clone git@github.com:owner/name.git",
    "example": "jane@example.com, me@mail.example.org, x@host.local",
    "handle": "https://medium.com/@jane.doe and @jane.doe",
    "version": "version 4.5.62.1, v1.22.333.4-beta, kernel 2.6.32.71, foo-1.2.33.40.tar.gz",
    "prior": "versions prior to 1.5.1.2, updated from 1.4.2.1",
    "pinned": "numpy==1.22.33.44 needs >=5.60.70.80",
    "section": 'sections "8.2.4.44 Comments", Section 3.2.1.4 and §12.44.3.1; see 1.2.3.4',
    "oid": "1.3.6.1.4.1.311.21.20",
    "no octet": "300.1.2.3 and 10.0.19041.1",
    "private": "10.0.0.255, 192.168.0.1, 172.16.5.200, 127.0.0.1, 0.0.0.0, 255.255.255.0, ::1, fe80::1",
    "documentation": "192.0.2.44, 198.51.100.7, 203.0.113.99, 2001:db8::99",
    "time": "at 12:30:45, 00:1a:2b:3c:4d:5e, 1:2:3, a[::2], x[1::3]",
    "scope": "std::cout, A::B, dead::beef, Ada::Cafe::face",
    "date": "2024-01-31 12:00:00, 31.01.2024, 1990-1995, 20240131",
    "isbn": "ISBN 978-3-16-148410-0, 0-306-40615-2, ISSN 2049-3630",
    "numbers": "3.14159265358979, 1 000 000 000, 299 792 458 m/s, 6.022e+23, 1234567890",
    "sum": "x = 5 +12345678, + 907133923, +35236450.6, f(x)+49301234567, 2+4930123456",
    "call": "call 911, phone 5, Tel. 110",
    "fiction": "Call 555-0199 or +1 212 555 0123 or (212) 555-0100",
    "ssn": "123-45-6789, 4111 1111 1111 1111, 10.1000/182",
    "hash": f"sha256: {HEX}{HEX}, commit {HEX}, md5={HEX}",
    "named": "token = next_token_of_the_stream, password = get_password_from_env()",
    "environment": "api_key = os.environ['OPENAI_API_KEY_2']",
    "placeholder": "api_key = 'YOUR_API_KEY_1234567', token: xxxxxxxxxxxxxxxx1",
    "css": "sk-folding-cube sk-learn-style-toggleable-label-arrow-1",
    "public key": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBg\n-----END PUBLIC KEY-----",
    "aws example": "AKIAIOSFODNN7EXAMPLE",
}
USUAL = ["email", "ip", "phone", "key"]


@pytest.mark.parametrize(("kind", "text", "masked"), MASKED, ids=lambda value: value[:24])
def test_what_is_personal_or_secret_is_masked_and_counted(kind, text, masked):
    found, counts = mask(text, [kind])
    assert found == masked
    assert set(counts) == {kind} and counts[kind] >= 1


@pytest.mark.parametrize("name", KEPT)
def test_near_misses_are_left(name):
    assert mask(KEPT[name], USUAL) == (KEPT[name], {})


def test_only_what_is_asked_for_is_masked():
    text = "anna@firm.de, 81.169.145.7, +49 30 901820"
    assert mask(text, []) == (text, {})
    assert mask(text, ["ip"])[0] == "anna@firm.de, 192.0.2.1, +49 30 901820"
    found, counts = mask(text, USUAL)
    assert found == "email@example.com, 192.0.2.1, 555-0100" and counts == {"email": 1, "ip": 1, "phone": 1}


PIECES = (
    [text for _, text, _ in MASKED] + list(KEPT.values()) + [" ", "\n", ".", "@", ":", "+", "(", "7", "-", "a", "="]
)


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), st.sets(st.sampled_from([*FINDERS])))
def test_masking_twice_is_masking_once(text, kinds):
    once, _ = mask(text, kinds)
    assert mask(once, kinds) == (once, {})


@given(st.text(alphabet="a1.@:+-( =_/x", max_size=60), st.sets(st.sampled_from([*FINDERS])))
def test_any_text_can_be_masked(text, kinds):
    once, _ = mask(text, kinds)
    assert mask(once, kinds) == (once, {})


HARD = ["a@", "1.", "1", "+1 ", "(", "a:", "::", "eyJ", "sk-", "=", "key=", "tel ", "-", "x(at)", "a.b@c."]


@pytest.mark.parametrize("piece", HARD)
def test_the_time_is_linear(piece):
    start = time.process_time()
    mask(piece * (200_000 // len(piece)), [*FINDERS])
    assert time.process_time() - start < 2
