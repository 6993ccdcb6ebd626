import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from study_core.errors import StimulusError
from study_core.folders import DataFolders
from study_core.production import SynthesisConfig
from study_core.types import Stimulus
from synthesis import audit
from synthesis.audit import audit_stimuli
from synthesis.decoding import decode_sound
from synthesis.encoding import encode_mp3
from synthesis.facts import Facts, measure_file
from synthesis.guessing import Guess
from synthesis.stimuli import render_stimuli
from synthesis.takes import Studio

from .conftest import Bars, make_midi, write_clips

Leak = Callable[[Path], object]
RATE_HZ = 44100


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory, studio: Studio) -> tuple[list[Stimulus], DataFolders]:
    """Four stimuli of two systems, rendered once for all tests here."""
    folders = DataFolders(tmp_path_factory.mktemp("audit"))
    clips = write_clips(
        folders.clips, {f"{system}-{n}": make_midi(n) for system in ("human", "gan") for n in (1, 2)}
    )
    return render_stimuli(clips, folders, studio, Bars(), workers=1), folders


@pytest.fixture
def copies(rendered: tuple[list[Stimulus], DataFolders], tmp_path: Path) -> tuple[list[Stimulus], Path]:
    """Return the stimuli, and a folder with copies of their files that a test may spoil."""
    stimuli, folders = rendered
    for stimulus in stimuli:
        path = tmp_path / stimulus.stimulus_file
        path.write_bytes((folders.stimuli / stimulus.stimulus_file).read_bytes())
        os.utime(path, (1, 1))
    return stimuli, tmp_path


def check(stimuli: list[Stimulus], folder: Path) -> None:
    audit_stimuli(stimuli, folder, SynthesisConfig(), Bars(), workers=1)


def encode_again(
    path: Path, *, gain: float = 1, kbps: int = 128, cut_s: float = 0, tail_s: float = 0
) -> None:
    """Encode a stimulus again, changed; the time stamp stays."""
    sound = decode_sound(path.read_bytes()) * gain
    n_tail = round(tail_s * RATE_HZ)
    sound[len(sound) - n_tail :] = 0
    path.write_bytes(encode_mp3(sound[: len(sound) - round(cut_s * RATE_HZ)], RATE_HZ, kbps))


def delay(path: Path) -> None:
    sound = np.roll(decode_sound(path.read_bytes()), round(0.1 * RATE_HZ), axis=0)
    path.write_bytes(encode_mp3(sound, RATE_HZ, 128))


def test_our_own_stimuli_pass(copies: tuple[list[Stimulus], Path]) -> None:
    check(*copies)


@pytest.mark.parametrize(
    ("leak", "message"),
    [
        (lambda path: encode_again(path, cut_s=0.02), r"duration: values differ by 0\.02 s \(0 allowed\)"),
        (lambda path: encode_again(path, kbps=160), r"bit rate: values differ by 32 kbit/s"),
        (
            lambda path: encode_again(path, gain=0.95),
            r"loudness: values differ by 0\.\d+ LU \(0\.2 allowed\)",
        ),
        (lambda path: encode_again(path, tail_s=2.5), r"silence at the end: values differ by"),
        (delay, r"lead-in: values differ by 0\.\d+ s"),
        (
            lambda path: path.write_bytes(path.read_bytes() + b"TAG" + bytes(125)),
            r"tags: values differ by 128",
        ),
        (
            lambda path: path.write_bytes(path.read_bytes() + b"TAG" + bytes(125)),
            r"size: values differ by 128",
        ),
        (lambda _: None, r"time stamp: values differ by"),
    ],
)
def test_a_planted_leak_is_found_and_tells_the_systems_apart(
    copies: tuple[list[Stimulus], Path], leak: Leak, message: str
) -> None:
    stimuli, folder = copies
    leaky = [stimulus for stimulus in stimuli if stimulus.system == "gan"]
    for stimulus in leaky:
        path = folder / stimulus.stimulus_file
        leak(path)
        os.utime(path, (2, 2) if message.startswith("time") else (1, 1))
    with pytest.raises(StimulusError, match=message) as caught:
        check(stimuli, folder)
    assert "were not released" in str(caught.value)
    name = message.partition(":")[0]
    line = next(line for line in str(caught.value).splitlines() if line.startswith(f"  {name}: "))
    assert "means: gan " in line
    assert ", human " in line


def test_order_by_system_is_found(copies: tuple[list[Stimulus], Path]) -> None:
    stimuli, folder = copies
    with pytest.raises(StimulusError, match="order: stimuli are not in the order of their ids"):
        check(stimuli[::-1], folder)


def test_telling_name_is_found(copies: tuple[list[Stimulus], Path]) -> None:
    stimuli, folder = copies
    (folder / stimuli[0].stimulus_file).rename(folder / "human-1.mp3")
    with pytest.raises(StimulusError, match=r"name: human-1\.mp3 is not an opaque id"):
        check([dataclasses.replace(stimuli[0], stimulus_file="human-1.mp3"), *stimuli[1:]], folder)


def test_peak_over_the_ceiling_is_found(copies: tuple[list[Stimulus], Path]) -> None:
    stimuli, folder = copies
    with pytest.raises(
        StimulusError, match=r"peak: clip .* reaches -\d+\.\d+ dBTP after encoding, -12 allowed"
    ):
        audit_stimuli(stimuli, folder, SynthesisConfig(true_peak_dbtp=-12), Bars(), workers=1)


def test_all_leaks_come_in_one_message(copies: tuple[list[Stimulus], Path]) -> None:
    stimuli, folder = copies
    encode_again(folder / stimuli[0].stimulus_file, gain=0.5, cut_s=0.5)
    with pytest.raises(StimulusError, match=r"(?s)size: .*time stamp: .*duration: .*loudness: "):
        check(stimuli, folder)


def test_file_that_is_no_mp3_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.mp3").write_bytes(b"no MP3 at all")
    with pytest.raises(StimulusError, match=r"x\.mp3 is not an MP3 file"):
        measure_file(tmp_path / "x.mp3")


def test_tags_of_one_length_but_of_different_words_are_found(copies: tuple[list[Stimulus], Path]) -> None:
    stimuli, folder = copies
    for stimulus in stimuli:
        path = folder / stimulus.stimulus_file
        path.write_bytes(path.read_bytes() + b"TAG" + stimulus.system[:3].encode() + bytes(122))
        os.utime(path, (1, 1))
    with pytest.raises(StimulusError, match="tags: what stands outside of the frames differs"):
        check(stimuli, folder)


# What a leak within the tolerances adds to one system's facts: more than the notes do.
SUBTLE = {
    "loudness": {"loudness_lufs": 0.1},
    "lead-in": {"lead_in_s": 0.005},
    "silence at the end": {"tail_silence_s": 0.2},
    "added peak": {"true_peak_dbtp": 0.6},
    "roll-off": {"roll_off_hz": 4000},
}


def make_facts(rng: np.random.Generator, **added: float) -> Facts:
    """Return facts that vary as those of 120 real stimuli did."""
    alike = Facts(
        n_bytes=320862,
        time_stamp_s=1,
        kbps=128,
        tags=b"",
        duration_s=20,
        loudness_lufs=rng.normal(-20.03, 0.003),
        true_peak_dbtp=rng.normal(-5, 0.1),
        lead_in_s=rng.normal(0.0507, 0.0004),
        tail_silence_s=rng.normal(0.06, 0.017),
        roll_off_hz=rng.normal(14500, 1400),
    )
    changes = {name: getattr(alike, name) + value for name, value in added.items()}
    return dataclasses.replace(alike, **changes)


def make_rows(stimuli: list[Stimulus], systems: list[str]) -> list[Stimulus]:
    """Return rows of those systems, in the order of their names."""
    return [
        dataclasses.replace(stimuli[0], system=system, stimulus_file=f"{number:032x}.mp3", true_peak_dbtp=-5)
        for number, system in enumerate(systems)
    ]


def find_guess(rows: list[Stimulus], facts: list[Facts]) -> list[str]:
    return audit._check_guess(audit.list_properties(SynthesisConfig()), rows, facts)


@pytest.mark.parametrize("name", SUBTLE)
def test_a_leak_within_the_tolerances_is_guessed_from_and_named(
    copies: tuple[list[Stimulus], Path], name: str
) -> None:
    rng = np.random.default_rng(6)
    systems = [str(system) for system in rng.permutation(["human"] * 40 + ["gan"] * 40)]
    facts = [make_facts(rng, **(SUBTLE[name] if system == "gan" else {})) for system in systems]
    [problem] = find_guess(make_rows(copies[0], systems), facts)
    assert f"Most telling is {name}: means: gan " in problem
    assert "by chance in 50% (p = 0.0005)" in problem


# By how much a property may differ from file to file, and below which size a difference is the notes'.
ALLOWED = {
    "n_bytes": (0, 0),
    "time_stamp_s": (0, 0),
    "kbps": (0, 0),
    "duration_s": (0, 0),
    "loudness_lufs": (0.2, 0.03),
    "lead_in_s": (0.02, 0.0015),
    "tail_silence_s": (2.0, 0.05),
    "true_peak_dbtp": (np.inf, 0.2),
    "roll_off_hz": (np.inf, 1500),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_difference_as_large_as_allowed_is_taken_and_a_larger_one_is_told(
    copies: tuple[list[Stimulus], Path], name: str
) -> None:
    tolerance, resolution = ALLOWED[name]
    systems = ["human", "gan"] * 60
    rows = make_rows(copies[0], systems)
    same = dataclasses.replace(
        make_facts(np.random.default_rng(9)), lead_in_s=0.0, loudness_lufs=0.0, tail_silence_s=0.0
    )

    def differ(by: float) -> list[Facts]:
        changed = dataclasses.replace(same, **{name: getattr(same, name) + by})
        return [same if system == "human" else changed for system in systems]

    def compare(by: float) -> list[str]:
        pairs = rows, differ(by)
        return [
            line
            for known in audit.list_properties(SynthesisConfig())
            for line in audit._compare(known, *pairs)
        ]

    assert compare(min(tolerance, 100)) == []
    assert bool(compare(1.01 * min(tolerance, 1e6) + 1e-6)) == (tolerance < np.inf)
    if resolution:
        assert find_guess(rows, differ(0.8 * resolution)) == []
        assert len(find_guess(rows, differ(1.2 * resolution))) == 1


def test_one_study_in_a_thousand_that_leaks_nothing_is_refused(
    copies: tuple[list[Stimulus], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make_rows(copies[0], ["human", "gan"] * 4)
    facts = [make_facts(np.random.default_rng(1))] * 8
    for p_value, n_problems in ((0.001, 1), (0.00101, 0)):
        guess = Guess(share_right=1, chance=0.5, p_value=p_value, best_column=0)
        monkeypatch.setattr(audit, "guess_system", lambda *_, found=guess: found)
        assert len(find_guess(rows, facts)) == n_problems


def test_names_drawn_system_after_system_are_guessed_from(copies: tuple[list[Stimulus], Path]) -> None:
    rng = np.random.default_rng(7)
    systems = ["human"] * 20 + ["gan"] * 20
    [problem] = find_guess(make_rows(copies[0], systems), [make_facts(rng) for _ in systems])
    assert "Most telling is place in the order of names: means: gan 29.5, human 9.5" in problem


def test_noise_that_happens_to_favor_a_system_refuses_no_study(copies: tuple[list[Stimulus], Path]) -> None:
    rng, properties = np.random.default_rng(9), audit.list_properties(SynthesisConfig())
    noise = np.random.default_rng(audit._NOISE_SEEDS[0]).normal(size=(40, len(properties) + 1))
    louder = noise[:, [known.name for known in properties].index("loudness")] > 0
    systems = ["gan" if is_louder else "human" for is_louder in louder]
    assert find_guess(make_rows(copies[0], systems), [make_facts(rng) for _ in systems]) == []


def test_studies_that_leak_nothing_pass(copies: tuple[list[Stimulus], Path]) -> None:
    # At alpha = 0.001, two of 40 would come up once in 1300 tries.
    rng, refused = np.random.default_rng(8), 0
    for _ in range(40):
        systems = [str(system) for system in rng.permutation(["human"] * 12 + ["gan"] * 6 + ["lstm"] * 6)]
        refused += bool(find_guess(make_rows(copies[0], systems), [make_facts(rng) for _ in systems]))
    assert refused < 2


def test_a_slightly_louder_system_is_found_in_the_files(
    rendered: tuple[list[Stimulus], DataFolders], tmp_path: Path
) -> None:
    stimuli, folders = rendered
    rows = []
    for number in range(24):
        row = stimuli[number % 4]
        path = tmp_path / f"{number:032x}.mp3"
        path.write_bytes((folders.stimuli / row.stimulus_file).read_bytes())
        if row.system == "gan":
            encode_again(path, gain=10 ** (0.15 / 20))
        os.utime(path, (1, 1))
        rows.append(dataclasses.replace(row, stimulus_file=path.name))
    with pytest.raises(
        StimulusError, match=r"guessing: .* Most telling is loudness: means: gan -19\.8"
    ) as caught:
        audit_stimuli(rows, tmp_path, SynthesisConfig(), Bars(), workers=1)
    assert "  loudness: " not in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StimulusError, match=r"x\.mp3 cannot be read: No such file.*study render"):
        measure_file(tmp_path / "x.mp3")
