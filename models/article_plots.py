"""Loss plots as the 2018 article shows them: nats over training steps, red against blue for the GAN."""

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.history import Progress
from study_core.manifest import write_bytes

TITLES = {"article_lstm": "LSTM Loss", "article_gan": "GAN Loss"}


def draw_losses(path: Path, system: str, history: Sequence[Progress]) -> None:
    """Write the plot of a training of the article's LSTM or GAN as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.subplots()
    for name, color, points in list_lines(system, history):
        steps, bits = zip(*points, strict=True)
        axes.plot(steps, np.array(bits) * math.log(2), color=color, label=name)
    axes.set(title=f"{TITLES[system]} per Step", xlabel="Step", ylabel="Loss")
    axes.legend()
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=120, metadata={"Software": None})
    write_bytes(path, image.getvalue())


def list_lines(system: str, history: Sequence[Progress]) -> list[tuple[str, str, list[tuple[int, float]]]]:
    """Return name, color and points (step, bits) of each line, without what was not measured."""
    lines = [("Training", "C0", "training_bits"), ("Validation", "C1", "validation_bits")]
    if system == "article_gan":
        lines = [("Discriminator", "red", "discriminator_bits"), ("Generator", "blue", "training_bits")]
    return [(name, color, _list_points(history, measure)) for name, color, measure in lines]


def _list_points(history: Sequence[Progress], measure: str) -> list[tuple[int, float]]:
    points = [(row.step, getattr(row, measure)) for row in history]
    return [(step, bits) for step, bits in points if not math.isnan(bits)]
