"""Headphone screenings: which sounds, and what the answers to them mean.

Six trials a test, of three intervals each. Antiphase (Woods et al. 2017): the quietest tone, every order of
the three tones once. Huggins pitch (Milne et al. 2021): the noise that holds a tone, after an example.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from study_core.config import Config
from study_core.errors import StimulusError, list_problems
from study_core.folders import SCREENING_FILE
from study_core.manifest import fingerprint, read_manifest, sha256_file
from study_core.participation import SCREENING_TRIALS, ScreeningConfig
from study_core.seeds import random_generator
from study_core.types import ScreeningSound
from study_server.tables import ScreeningTrial, StudySession, make_code, now_utc

INTERVALS = (1, 2, 3)
INTERVAL_STARTS_S = {"antiphase": (0, 1.5, 3), "huggins": (0, 2, 4)}
EXAMPLE = 0
"""The index of the trial that tells its answer; it does not count."""
Outcome = Literal["not begun", "open", "passed", "failed"]


@dataclass(frozen=True, slots=True)
class Screening:
    """The screenings of a study and their sounds."""

    config: ScreeningConfig
    sounds: Sequence[ScreeningSound]

    def find_sound(self, sound_id: str) -> ScreeningSound:
        """Return a sound."""
        return next(sound for sound in self.sounds if sound.sound_id == sound_id)


def load_screening(config: Config) -> Screening:
    """Return the study's screenings, their sounds all there and unaltered.

    Raises
    ------
    StimulusError
        If sounds are missing or altered; all are named.
    """
    if not config.screening.tests:
        return Screening(config.screening, [])
    folder = config.folders.screening
    if not (folder / SCREENING_FILE).exists():
        raise StimulusError(
            f"{folder / SCREENING_FILE} is missing, but screening.tests names "
            f"{', '.join(config.screening.tests)}. Run `study render --screening` to make the sounds."
        )
    sounds = read_manifest(folder / SCREENING_FILE, ScreeningSound)
    bad = [
        sound.sound_file
        for sound in sounds
        if not (folder / sound.sound_file).is_file()
        or sha256_file(folder / sound.sound_file) != sound.sound_sha256
    ]
    if bad:
        raise StimulusError(
            list_problems(f"{folder} has missing or altered sounds; run `study render --screening`:", bad)
        )
    return Screening(config.screening, sounds)


def hash_sounds(config: Config) -> str:
    """Return the hash of a study's screening sounds, or an empty text where it has no screening.

    Raises
    ------
    StimulusError
        If sounds are missing or altered; all are named.
    """
    sounds = load_screening(config).sounds
    return fingerprint(sorted(sound.sound_sha256 for sound in sounds)) if sounds else ""


def prepare(found: StudySession, screening: Screening, seed: int) -> None:
    """Draw the next attempt at a test where one is due, once the volume is set."""
    if found.volume_set_at is None:
        return
    for test in screening.config.tests:
        attempts = list_attempts(found, test)
        outcome = judge_attempts(attempts, screening.config, test)
        if outcome == "not begun":
            _draw(found, screening, test, len(attempts) + 1, seed)
        if outcome in ("not begun", "open"):
            return


def answer(found: StudySession, screening: Screening, trial_id: str, interval: int | None) -> None:
    """Store the answer to the session's screening trial, and end the session where it fails for good."""
    trial = find_next(found)
    if trial is None or trial.screening_trial_id != trial_id:
        return
    trial.answer, trial.answered_at = interval, now_utc()
    outcome = judge_attempts(list_attempts(found, trial.test), screening.config, trial.test)
    if outcome == "failed" and screening.config.on_fail == "end":
        found.screened_out_at, found.completion_code = now_utc(), make_code(groups=2)


def find_next(found: StudySession) -> ScreeningTrial | None:
    """Return the screening trial that is the session's turn."""
    return next((trial for trial in found.screening_trials if trial.answered_at is None), None)


def list_attempts(found: StudySession, test: str) -> list[list[ScreeningTrial]]:
    """Return a session's attempts at a test, each as its trials without the example."""
    trials = [trial for trial in found.screening_trials if trial.test == test]
    numbers = sorted({trial.attempt for trial in trials})
    return [[t for t in trials if t.attempt == number and t.trial_index != EXAMPLE] for number in numbers]


def judge_attempts(
    attempts: Sequence[Sequence[ScreeningTrial]], config: ScreeningConfig, test: str
) -> Outcome:
    """Tell how a test stands: `not begun` where an attempt is due, `failed` where none is left."""
    if attempts and any(trial.answered_at is None for trial in attempts[-1]):
        return "open"
    best = max((count_right(trials) for trials in attempts), default=0)
    if attempts and best >= config.find_pass_mark(test):
        return "passed"
    return "failed" if len(attempts) >= config.attempts else "not begun"


def count_right(trials: Sequence[ScreeningTrial]) -> int:
    """Return how many answers are right."""
    return sum(trial.answer == trial.correct_answer for trial in trials)


def _draw(found: StudySession, screening: Screening, test: str, attempt: int, seed: int) -> None:
    """Add an attempt's trials: random sounds, none twice, after an example where the test has one."""
    random = random_generator(seed, "screening", found.participant_id, test, attempt)
    pool = [sound for sound in screening.sounds if sound.test == test]
    has_example = len(pool) > SCREENING_TRIALS
    order = random.permutation(len(pool))[: SCREENING_TRIALS + has_example]
    for index, place in enumerate(order, start=EXAMPLE if has_example else 1):
        sound = pool[place]
        found.screening_trials.append(
            ScreeningTrial(
                place=len(found.screening_trials) + 1,
                test=test,
                attempt=attempt,
                trial_index=index,
                sound_id=sound.sound_id,
                correct_answer=sound.answer,
            )
        )
