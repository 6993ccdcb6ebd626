"""How fast stimuli are made, beside the bare synthesizer, its command line and the naive way.

    python benchmarks/rendering.py --clips 200

All figures are CPU time of this process and its children, and their ratios; only two workers are compared
with one by wall time. The clips are those of data/clips where there are some, made ones otherwise.
"""

import argparse
import ctypes.util
import dataclasses
import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import mido
import numpy as np
from claims import state_claim

from study_core.folders import DataFolders
from study_core.manifest import read_manifest, sha256_bytes, write_bytes, write_manifest
from study_core.production import SynthesisConfig
from study_core.types import Clip
from synthesis.audit import audit_stimuli
from synthesis.fluidsynth import SYNTH_SETTINGS, Renderer
from synthesis.stimuli import render_stimuli
from synthesis.takes import Studio

DURATION_S = 20
RATE_HZ = 44100
N_FRAMES = DURATION_S * RATE_HZ


class NoBar:
    """Shows nothing."""

    def advance(self) -> None:
        """Do nothing."""


@contextmanager
def show_nothing(_label: str, _total: int) -> Iterator[NoBar]:
    """Open no bar."""
    yield NoBar()


def make_midi(seed: int) -> bytes:
    """Return 24 s of two hands on a grid of sixteenths, about 200 notes in 20 s as in real piano clips."""
    rng = np.random.default_rng(seed)
    events = []
    for step in range(192):
        for low, high, share in ((36, 60, 0.35), (60, 84, 0.65)):
            if step == 0 or rng.random() < share:
                key, n_steps = int(rng.integers(low, high)), int(rng.integers(1, 6))
                events += [
                    (step * 120, 1, key, int(rng.integers(50, 100))),
                    ((step + n_steps) * 120 - 1, 0, key, 0),
                ]
    track, now = mido.MidiTrack(), 0
    for tick, _, key, velocity in sorted(events):
        track.append(mido.Message("note_on", note=key, velocity=velocity, time=tick - now))
        now = tick
    file = io.BytesIO()
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(file=file)
    return file.getvalue()


def make_clips(folder: Path, n_clips: int) -> list[Clip]:
    """Write made clips of two systems and return their rows."""
    blank = {field.name: "" for field in dataclasses.fields(Clip)}
    counted = ("seed", "longest_copied_notes", "nearest_bar", "nearest_semitones", "n_notes")
    numbers = dict.fromkeys(counted, 0) | {"duration_s": DURATION_S}
    rows = []
    for number in range(n_clips):
        midi, system = make_midi(number), ("human", "made")[number % 2]
        clip_id = f"{system}-{number:03}"
        write_bytes(folder / f"{clip_id}.mid", midi)
        names = {"clip_id": clip_id, "system": system, "clip_file": f"{clip_id}.mid"}
        rows.append(Clip(**(blank | numbers | names | {"clip_sha256": sha256_bytes(midi)})))
    write_manifest(folder / "clips.csv", rows)
    return rows


def run_bare_loop(soundfont: Path, midis: Sequence[bytes]) -> None:
    """Draw the samples of every clip from one synth, with nothing around it."""
    library = ctypes.CDLL(ctypes.util.find_library("fluidsynth") or "libfluidsynth.so.3")
    for name in ("new_fluid_settings", "new_fluid_synth", "new_fluid_player"):
        getattr(library, name).restype = ctypes.c_void_p
    settings = ctypes.c_void_p(library.new_fluid_settings())
    for name, value in {**SYNTH_SETTINGS, "synth.sample-rate": float(RATE_HZ)}.items():
        if isinstance(value, str):
            library.fluid_settings_setstr(settings, name.encode(), value.encode())
        elif isinstance(value, float):
            library.fluid_settings_setnum(settings, name.encode(), ctypes.c_double(value))
        else:
            library.fluid_settings_setint(settings, name.encode(), value)
    synth = ctypes.c_void_p(library.new_fluid_synth(settings))
    library.fluid_synth_sfload(synth, str(soundfont).encode(), 1)
    sound = np.zeros((N_FRAMES, 2), np.float32)
    out = ctypes.c_void_p(sound.ctypes.data)
    for midi in midis:
        player = ctypes.c_void_p(library.new_fluid_player(synth))
        library.fluid_player_add_mem(player, midi, ctypes.c_size_t(len(midi)))
        library.fluid_player_play(player)
        library.fluid_synth_write_float(synth, N_FRAMES, out, 0, 2, out, 1, 2)
        library.fluid_player_stop(player)
        library.delete_fluid_player(player)
        library.fluid_synth_system_reset(synth)


def run_renderer(soundfont: Path, midis: Sequence[bytes]) -> None:
    """Render every clip with ours: a fresh synth each, the soundfont shared."""
    renderer = Renderer(soundfont, RATE_HZ)
    for midi in midis:
        renderer.render(midi, N_FRAMES)


def run_command_line(soundfont: Path, paths: Sequence[Path], folder: Path) -> list[Path]:
    """Start `fluidsynth` for every clip and return the WAV files."""
    waves = [folder / f"{path.stem}.wav" for path in paths]
    for path, wave in zip(paths, waves, strict=True):
        command = ["fluidsynth", "-ni", "-q", "-F", str(wave), "-r", str(RATE_HZ), str(soundfont), str(path)]
        subprocess.run(command, check=True, capture_output=True)
    return waves


def run_naive_way(soundfont: Path, paths: Sequence[Path], folder: Path) -> None:
    """Make stimuli as one would: command line, pyloudnorm, soundfile's MP3."""
    import pyloudnorm
    import soundfile

    for wave in run_command_line(soundfont, paths, folder):
        sound, rate_hz = soundfile.read(wave)
        sound = sound[:N_FRAMES]
        gain_db = -20 - pyloudnorm.Meter(rate_hz).integrated_loudness(sound)
        soundfile.write(wave.with_suffix(".mp3"), np.clip(sound * 10 ** (gain_db / 20), -1, 1), rate_hz)
        wave.unlink()


def measure(function: Callable[..., object], *arguments: object, **options: object) -> tuple[float, float]:
    """Return CPU and wall seconds of a call, children included."""
    cpu, wall = _read_cpu(), time.perf_counter()
    function(*arguments, **options)
    return _read_cpu() - cpu, time.perf_counter() - wall


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--naive", type=int, default=50, help="clips that the naive way is measured on")
    parser.add_argument("--clips-dir", type=Path, default=Path("data/clips"))
    parser.add_argument("--keep", type=Path, help="leave the stimuli of one worker in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        compare(Path(name), options)


def compare(work: Path, options: argparse.Namespace) -> None:
    """Print the table for one set of clips."""
    folders = DataFolders(options.keep or work / "one")
    clips = take_clips(options.clips_dir, folders.clips, options.clips)
    paths = [folders.clips / clip.clip_file for clip in clips]
    midis = [path.read_bytes() for path in paths]
    config = SynthesisConfig()
    studio = Studio.open(config, DURATION_S)
    soundfont = studio.soundfont.path
    print(f"{len(clips)} clips of {DURATION_S} s, {studio.soundfont.name}; {_describe_load()}", flush=True)
    bare, _ = measure(run_bare_loop, soundfont, midis)
    report("bare libfluidsynth loop", bare, len(clips), bare)
    renderer = measure(run_renderer, soundfont, midis)[0]
    report("renderer alone", renderer, len(clips), bare)
    state_claim("Rendering alone", renderer / bare, "of the time of a bare loop over libfluidsynth")
    pipeline = measure_pipeline(clips, folders, studio, bare)
    report("bare loop again", measure(run_bare_loop, soundfont, midis)[0], len(clips), bare)
    measure_two_workers(work, folders, studio, clips)
    compare_with_command_line(work, soundfont, paths, options.naive, bare, pipeline)
    print(_describe_load())


def compare_with_command_line(
    work: Path, soundfont: Path, paths: Sequence[Path], n_naive: int, bare: float, pipeline: float
) -> None:
    """Print what a process per clip costs, and what most people would write."""
    if shutil.which("fluidsynth") is None:
        print("The `fluidsynth` command is not installed (Debian package fluidsynth): two rows left out.")
        return
    command_line = measure(run_command_line, soundfont, paths, work)[0]
    report("fluidsynth command line", command_line, len(paths), bare)
    naive = measure(run_naive_way, soundfont, paths[:n_naive], work)[0] * len(paths) / n_naive
    report("naive way", naive, len(paths), bare)
    what = "Clips to mastered, encoded stimuli"
    state_claim(what, command_line / pipeline, "times as fast as `fluidsynth` per clip")
    state_claim(what, naive / pipeline, "times as fast as `fluidsynth`, pyloudnorm and soundfile in a loop")


def take_clips(source: Path, folder: Path, n_clips: int) -> list[Clip]:
    """Return a study's clips, copied into a folder, or made ones where there is no study."""
    if not (source / "clips.csv").exists():
        return make_clips(folder, n_clips)
    shutil.copytree(source, folder)
    return read_manifest(folder / "clips.csv", Clip)[:n_clips]


def measure_pipeline(clips: list[Clip], folders: DataFolders, studio: Studio, bare: float) -> float:
    """Print what the whole pipeline costs, and the audit beside it; return the pipeline's CPU seconds."""
    made = []

    def render() -> None:
        made.extend(render_stimuli(clips, folders, studio, show_nothing, workers=1))

    pipeline = measure(render)[0]
    report("whole pipeline", pipeline, len(clips), bare)
    state_claim("Clips to mastered, encoded stimuli", pipeline / bare, "times a bare loop over libfluidsynth")
    audit = measure(audit_stimuli, made, folders.stimuli, studio.config, show_nothing, workers=1)
    report("audit", audit[0], len(clips), bare)
    return pipeline


def measure_two_workers(work: Path, folders: DataFolders, studio: Studio, clips: list[Clip]) -> None:
    """Print how much faster two workers are than one, both in processes of their own, by wall time."""
    walls = []
    for workers in (1, 2):
        other = DataFolders(work / f"workers-{workers}")
        shutil.copytree(folders.clips, other.clips)
        walls.append(measure(render_stimuli, clips, other, studio, show_nothing, workers=workers)[1])
    ratio, times = walls[0] / walls[1], " and ".join(f"{wall:.0f} s" for wall in walls)
    print(
        f"{'two workers':26}{ratio:7.2f} times as fast as one (wall: {times}; {_describe_load()})", flush=True
    )


def report(name: str, cpu_s: float, n_clips: int, bare_s: float) -> None:
    """Print one row."""
    print(
        f"{name:26}{1000 * cpu_s / n_clips:7.0f} ms a clip  {cpu_s / bare_s:5.2f} of the bare loop's time"
        f"  {n_clips * DURATION_S / cpu_s:6.0f} times real time",
        flush=True,
    )


def _read_cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _describe_load() -> str:
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


if __name__ == "__main__":
    sys.exit(main())
