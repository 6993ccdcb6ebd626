"""The researcher's contact sheet: every stimulus to see and to hear, its system named. Never served.

It is a folder of its own beside the stimuli: a page, a picture per stimulus, and links to the audio.
"""

from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from study_core.folders import DataFolders
from study_core.manifest import write_bytes
from study_core.types import Stimulus
from synthesis.decoding import decode_sound
from synthesis.loudness import Sound
from synthesis.mastering import measure_level
from synthesis.recordings import is_recording
from synthesis.stimuli import ShowProgress

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WAVE_POINTS = 1200
_SPECTROGRAM_HZ = 8000
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:clamp(1rem,4vw,2rem);background:#fff;color:#1a1a1a}
section{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(26rem,100%),1fr));gap:1.5rem}
figure{margin:0;padding:1rem;border:1px solid #ccc;border-radius:.5rem}
img,audio{width:100%}figcaption{overflow-wrap:anywhere}small{color:#555}
"""


def write_contact_sheet(
    stimuli: Sequence[Stimulus], folders: DataFolders, show_progress: ShowProgress
) -> Path:
    """Write `index.html` with a picture and a player per stimulus, grouped by system, and return its path."""
    folder = folders.contact_sheet
    figures: dict[str, list[str]] = {}
    with show_progress("Contact sheet", len(stimuli)) as bar:
        for stimulus in sorted(stimuli, key=lambda each: (each.system, each.clip_id)):
            sound = decode_sound((folders.stimuli / stimulus.stimulus_file).read_bytes())
            picture = f"{stimulus.stimulus_id}.png"
            write_bytes(folder / picture, _draw(stimulus, sound, folders.clips / stimulus.clip_file))
            figures.setdefault(stimulus.system, []).append(_describe(stimulus, sound, picture))
            bar.advance()
    sections = [
        f"<h2>{escape(system)} ({len(each)})</h2>\n<section>{''.join(each)}</section>"
        for system, each in figures.items()
    ]
    page = (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Contact sheet</title>'
        f"<style>{_STYLE}</style>\n<h1>{len(stimuli)} stimuli</h1>\n"
        "<p>For the researcher only: this page names the systems.</p>\n" + "\n".join(sections)
    )
    path = folder / "index.html"
    write_bytes(path, page.encode())
    kept = {f"{stimulus.stimulus_id}.png" for stimulus in stimuli}
    for file in folder.glob("*.png"):
        if file.name not in kept:
            file.unlink()
    return path


def _describe(stimulus: Stimulus, sound: Sound, picture: str) -> str:
    level = measure_level(sound, stimulus.sample_rate_hz)
    facts = (
        f"{level.loudness_lufs:.1f} LUFS, peak {level.true_peak_dbtp:.1f} dBTP, "
        f"gain {stimulus.gain_db:+.1f} dB, {stimulus.n_notes} notes, "
        f"longest copied run {stimulus.longest_copied_notes}"
    )
    name = escape(stimulus.clip_id)
    audio = f"../stimuli/{escape(stimulus.stimulus_file)}"
    return (
        f'<figure><img src="{picture}" alt="Piano roll, waveform and spectrogram of {name}" loading="lazy">'
        f'<audio controls preload="none" src="{audio}"></audio>'
        f"<figcaption><b>{name}</b> {escape(facts)}<br><small>{escape(stimulus.stimulus_id)} "
        f"{escape(stimulus.piece_id)}</small></figcaption></figure>\n"
    )


def _draw(stimulus: Stimulus, sound: Sound, clip: Path) -> bytes:
    """Return a PNG of piano roll, waveform and spectrogram over one time axis."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), layout="constrained")
    roll, wave, spectrum = figure.subplots(3, 1, sharex=True)
    _draw_notes(roll, clip)
    _draw_wave(wave, sound, stimulus.stimulus_duration_s)
    mono = sound.mean(axis=1) + np.float32(1e-9)
    spectrum.specgram(mono, NFFT=2048, Fs=stimulus.sample_rate_hz, noverlap=512, vmin=-140, cmap="magma")
    spectrum.set(ylim=(0, _SPECTROGRAM_HZ), ylabel="Hz", xlabel="s", xlim=(0, stimulus.stimulus_duration_s))
    file = BytesIO()
    figure.savefig(file, format="png", dpi=90)
    return file.getvalue()


def _draw_notes(axes: "Axes", clip: Path) -> None:
    """Draw the clip's notes, a line each; a recording has none."""
    axes.set(ylabel="MIDI key", ylim=(20, 109))
    if is_recording(clip):
        axes.text(0.5, 0.5, "a recording: no notes", transform=axes.transAxes, ha="center")
        return
    import mido

    now, begun = 0.0, dict[int, float]()
    for message in mido.MidiFile(clip, clip=True):
        now += message.time
        if message.type not in ("note_on", "note_off"):
            continue
        start = begun.pop(message.note, None)
        if start is not None:
            axes.hlines(message.note, start, now, color="#1f4e79", linewidth=2)
        if message.type == "note_on" and message.velocity:
            begun[message.note] = now


def _draw_wave(axes: "Axes", sound: Sound, duration_s: float) -> None:
    n_each = len(sound) // _WAVE_POINTS
    parts = sound[: n_each * _WAVE_POINTS].reshape(_WAVE_POINTS, -1)
    times = np.linspace(0, duration_s, _WAVE_POINTS)
    axes.fill_between(times, parts.min(axis=1), parts.max(axis=1), color="#1f4e79", linewidth=0)
    axes.set(ylim=(-1, 1), ylabel="amplitude")
