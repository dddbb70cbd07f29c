"""Licences as documents name them, and what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.data.filters.licences import allowed_licences, licence_reason, spdx

NAMES = [
    ("MIT", "MIT"),
    ("mit", "MIT"),
    ("MIT License", "MIT"),
    ("The MIT License (MIT)", "MIT"),
    ("https://opensource.org/licenses/MIT", "MIT"),
    ("License :: OSI Approved :: MIT License", "MIT"),
    ("MIT-0", "MIT-0"),
    ("MIT-CMU", "MIT-CMU"),
    ("Apache 2.0", "Apache-2.0"),
    ("Apache-2.0", "Apache-2.0"),
    ("Apache License, Version 2.0", "Apache-2.0"),
    ("Apache License 2.0", "Apache-2.0"),
    ("http://www.apache.org/licenses/LICENSE-2.0", "Apache-2.0"),
    ("BSD 3-Clause License", "BSD-3-Clause"),
    ("3-Clause BSD License", "BSD-3-Clause"),
    ("New BSD License", "BSD-3-Clause"),
    ("Simplified BSD", "BSD-2-Clause"),
    ("BSD-2-Clause", "BSD-2-Clause"),
    ("ISC License (ISCL)", "ISC"),
    ("MPL 2.0", "MPL-2.0"),
    ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
    ("Python Software Foundation License", "PSF-2.0"),
    ("PSFL", "PSF-2.0"),
    ("GPLv3", "GPL-3.0-only"),
    ("GPL-3.0", "GPL-3.0-only"),
    ("gpl-2.0+", "GPL-2.0-or-later"),
    ("GNU General Public License v2 or later (GPLv2+)", "GPL-2.0-or-later"),
    ("GNU Lesser General Public License v3", "LGPL-3.0-only"),
    ("LGPL-2.1-or-later", "LGPL-2.1-or-later"),
    ("AGPL-3.0", "AGPL-3.0-only"),
    ("https://www.gnu.org/licenses/gpl-3.0.html", "GPL-3.0-only"),
    ("GFDL-1.3", "GFDL-1.3-only"),
    ("CC BY 4.0", "CC-BY-4.0"),
    ("cc-by-4.0", "CC-BY-4.0"),
    ("CC BY-SA 4.0", "CC-BY-SA-4.0"),
    ("CC-BY-SA-3.0", "CC-BY-SA-3.0"),
    ("cc-by-nc-nd-4.0", "CC-BY-NC-ND-4.0"),
    ("CC BY-NC-SA 2.5", "CC-BY-NC-SA-2.5"),
    ("http://creativecommons.org/licenses/by-sa/3.0/", "CC-BY-SA-3.0"),
    ("https://creativecommons.org/licenses/by/4.0/legalcode.de", "CC-BY-4.0"),
    ("https://creativecommons.org/licenses/by-nc/2.0/uk/", "CC-BY-NC-2.0"),
    ("Creative Commons Attribution-ShareAlike 4.0 International", "CC-BY-SA-4.0"),
    ("Creative Commons Attribution 4.0", "CC-BY-4.0"),
    ("This work is licensed under CC BY 4.0.", "CC-BY-4.0"),
    ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
    ("CC0", "CC0-1.0"),
    ("CC0 1.0 Universal", "CC0-1.0"),
    ("The Unlicense", "Unlicense"),
    ("Apache-2.0 OR MIT", "Apache-2.0 OR MIT"),
    ("MIT or Apache-2.0", "MIT OR Apache-2.0"),
    ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
    ("MPL-2.0 AND MIT", "MPL-2.0 AND MIT"),
    ("MIT, Apache-2.0", "MIT AND Apache-2.0"),
    ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH llvm-exception"),
    ("BSD", ""),
    ("GPL", ""),
    ("CC BY-SA", ""),
    ("", ""),
    ("Dual License", ""),
    ("Copyright 2020 A. Meier. All rights reserved.", ""),
    ("proprietary", ""),
    ("https://example.org/terms", ""),
    ("BSD-3-Clause, Apache-2.0, dependency licenses", ""),
    ("limited", ""),
    ("submitted", ""),
]


@pytest.mark.parametrize(("text", "identifier"), NAMES)
def test_names_and_addresses_become_identifiers(text, identifier):
    assert spdx(text) == identifier


@pytest.mark.parametrize("text", [identifier for _, identifier in NAMES if identifier])
def test_an_identifier_stays_as_it_is(text):
    assert spdx(text) == text


VERDICTS = [  # licence, allowed -> the beginning of the reason
    ("MIT License", ["mit", "cc-by-4.0"], ""),
    ("https://creativecommons.org/licenses/by/4.0/", ["mit", "cc-by-4.0"], ""),
    ("CC BY-SA 4.0", ["mit", "cc-by-4.0"], "licence: CC-BY-SA-4.0"),
    ("GPL-3.0 OR MIT", ["mit"], ""),
    ("GPL-3.0 AND MIT", ["mit"], "licence: GPL-3.0-only AND MIT"),
    ("GPLv3 or later", ["GPL-3.0"], ""),
    ("Apache-2.0 WITH LLVM-exception", ["apache 2.0"], ""),
    ("", ["mit"], "licence unknown: none given"),
    ("BSD", ["bsd-3-clause"], "licence unknown: BSD"),
    ("BSD", ["BSD"], ""),
    ("Our  own terms", ["our own terms"], ""),
]


@pytest.mark.parametrize(("licence", "allowed", "reason"), VERDICTS)
def test_what_is_allowed_is_kept(licence, allowed, reason):
    assert licence_reason(licence, allowed_licences(allowed)) == reason


@given(st.text(max_size=80))
def test_any_text_has_an_identifier_or_none(text):
    assert spdx(spdx(text)) == spdx(text)
