"""What the article's generators need beside their arrays, kept among these: vocabulary and faults."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from models.weights import Weights

_NAME = "facts"


@dataclass(frozen=True, slots=True)
class ArticleFacts:
    """The tokens that a network's numbers stand for, and the faults that it is to keep."""

    vocabulary: Sequence[str]
    faults: Sequence[str] = ()


def add_facts(weights: Weights, facts: ArticleFacts) -> Weights:
    """Return weights with facts among them."""
    return {**weights, _NAME: np.frombuffer(json.dumps(asdict(facts)).encode(), np.uint8)}


def read_facts(weights: Weights) -> ArticleFacts:
    """Return the facts among weights."""
    return ArticleFacts(**json.loads(weights[_NAME].tobytes()))
