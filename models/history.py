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

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    measured = [row for row in history if not math.isnan(row.validation_bits)]
    axes.plot([row.step for row in history], [row.training_bits for row in history], label="training")
    axes.plot(
        [row.step for row in measured], [row.validation_bits for row in measured], "o-", label="validation"
    )
    axes.set(xlabel="step", ylabel="bits per note")
    axes.legend()
    axes.grid(alpha=0.3)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=120, metadata={"Software": None})
    return image.getvalue()
