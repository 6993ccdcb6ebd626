"""One study seed, and a child of it for every purpose."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def child_seed(study_seed: int, *purpose: str | int) -> int:
    """Return the 63-bit seed for one purpose; other purposes get independent ones.

    The purpose enters by its SHA-256, so seeds do not depend on the order in which they are drawn.
    """
    import numpy as np

    words = hashlib.sha256("/".join(map(str, purpose)).encode()).digest()
    key = [int.from_bytes(words[i : i + 4], "big") for i in range(0, 16, 4)]
    state = np.random.SeedSequence(study_seed, spawn_key=key).generate_state(1, np.uint64)
    return int(state[0]) >> 1


def random_generator(study_seed: int, *purpose: str | int) -> "np.random.Generator":
    """Return NumPy's default generator, seeded for one purpose."""
    import numpy as np

    return np.random.default_rng(child_seed(study_seed, *purpose))
