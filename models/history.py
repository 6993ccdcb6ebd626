"""What a training leaves behind: its progress step by step, as a table and as a plot."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from models.weights import WEIGHTS_FILE, Weights, save_weights
from study_core.manifest import write_bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a training; bits are per note, NaN where they were not measured."""

    step: int
    training_bits: float
    validation_bits: float
    discriminator_accuracy: float = math.nan
    discriminator_bits: float = math.nan
    """Its loss, where that is drawn."""


def describe_progress(progress: Progress) -> str:
    """Return a step's measures as one short line."""
    parts = []
    if not math.isnan(progress.training_bits):
        parts.append(f"{progress.training_bits:.2f} bits per note")
    if not math.isnan(progress.discriminator_accuracy):
        parts.append(f"discriminator right {progress.discriminator_accuracy:.0%}")
    return ", ".join(parts)


def write_training(folder: Path, weights: Weights, history: Sequence[Progress]) -> list[Path]:
    """Write weights, history and loss plot; return the files."""
    files = [folder / name for name in (WEIGHTS_FILE, "history.csv", "loss.png")]
    save_weights(files[0], weights)
    write_bytes(files[1], _history_csv(history).encode())
    write_bytes(files[2], _plot_history(history))
    return files


def _history_csv(history: Sequence[Progress]) -> str:
    table = io.StringIO()
    writer = csv.DictWriter(table, [field.name for field in fields(Progress)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: "" if math.isnan(value) else round(value, 4) for key, value in asdict(row).items()}
        for row in history
    )
    return table.getvalue()


def _plot_history(history: Sequence[Progress]) -> bytes:
    from matplotlib.figure import Figure

    is_adversarial = any(not math.isnan(row.discriminator_accuracy) for row in history)
    figure = Figure(figsize=(7, 6 if is_adversarial else 4), layout="constrained")
    panels = figure.subplots(1 + is_adversarial, sharex=True, squeeze=False)[:, 0]
    steps = [row.step for row in history]
    measured = [row for row in history if not math.isnan(row.validation_bits)]
    panels[0].plot(steps, [row.training_bits for row in history], label="training")
    panels[0].plot(
        [row.step for row in measured], [row.validation_bits for row in measured], "o-", label="validation"
    )
    panels[0].set(ylabel="bits per note")
    if is_adversarial:
        panels[1].plot(steps, [row.discriminator_accuracy for row in history], label="discriminator")
        panels[1].axhline(0.5, color="black", linestyle="--", linewidth=1, label="guessing")
        panels[1].set(ylabel="notes told right")
    for panel in panels:
        panel.legend()
        panel.grid(alpha=0.3)
    panels[-1].set(xlabel="step")
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=120, metadata={"Software": None})
    return image.getvalue()
