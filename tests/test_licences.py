"""What the software runs with may be used, changed and passed on together with it."""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution

import pytest
from packaging.requirements import Requirement

PERMITTED = re.compile(
    r"MIT|BSD|Apache|ISC|Zlib|CC0|PSF|Python Software Foundation|Zope|MPL|Mozilla|LGPL|Lesser General"
)
"""Permissive ones, and those that ask to share changes of the library itself only."""
UNTOLD = {"namex": "Apache-2.0"}
"""Of packages whose metadata have none: as their repositories say."""


def list_runtime() -> Iterator[Distribution]:
    """Yield what users get: the dependencies and theirs, no extras, nothing for tests."""
    waiting, seen = ["whos-that-composer"], set()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        yield found
        needs = map(Requirement, found.requires or ())
        waiting += [need.name for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]


def read_licences(package: Distribution) -> str:
    """Return all that a package says of its licence; several are a choice."""
    told = package.metadata
    classifiers = [line for line in told.get_all("Classifier", []) if line.startswith("License ::")]
    texts = [told.get("License-Expression"), told.get("License"), *classifiers, UNTOLD.get(told["Name"])]
    return " or ".join(filter(None, texts))


@pytest.mark.parametrize("package", list(list_runtime()), ids=lambda package: package.metadata["Name"])
def test_every_library_of_a_running_study_may_be_passed_on(package: Distribution) -> None:
    assert PERMITTED.search(read_licences(package)), read_licences(package)


def test_a_licence_that_forbids_it_would_be_noticed() -> None:
    assert not PERMITTED.search("GPL-3.0-only")
    assert not PERMITTED.search("License :: Other/Proprietary License")
