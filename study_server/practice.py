"""Practice: a few clips whose answer is told at once; set aside, so that they are never in the trials.

Where clips are rated there is nothing to tell: practice is there to get used to the scale.
"""

from collections.abc import Sequence

from study_core.seeds import random_generator
from study_server.protocol import RunningProtocol
from study_server.services import Answer
from study_server.tables import PracticeTrial, StudySession, now_utc


def prepare(found: StudySession, protocol: RunningProtocol) -> None:
    """Draw a session's practice, once its volume is set: the set-aside clips or pairs in a random order.

    The two clips of a pair change sides at random too.
    """
    aside, per_page = protocol.practice_stimuli, protocol.config.trials.clips_per_page
    if found.volume_set_at is None or not aside or found.practice_trials:
        return
    pages = [aside[start : start + per_page] for start in range(0, len(aside), per_page)]
    random = random_generator(protocol.config.seed, "practice", found.participant_id)
    order = random.permutation(len(pages))
    ordered = [pages[page][side] for page in order for side in random.permutation(per_page)]
    found.practice_trials = [
        PracticeTrial(trial_index=index, stimulus_id=stimulus.stimulus_id)
        for index, stimulus in enumerate(ordered, start=1)
    ]


def find_next(found: StudySession) -> PracticeTrial | None:
    """Return the practice trial that is the session's turn: its feedback has not been read yet."""
    return next((trial for trial in found.practice_trials if trial.feedback_seen_at is None), None)


def list_page(found: StudySession, trial: PracticeTrial, per_page: int) -> list[PracticeTrial]:
    """Return the trials that are answered together with one, which is the first of them."""
    return found.practice_trials[trial.trial_index - 1 : trial.trial_index - 1 + per_page]


def answer(page: Sequence[PracticeTrial], answers: Sequence[Answer], *, is_told: bool) -> None:
    """Store the answers to a page's trials; where nothing is told about them, the page is done."""
    now = now_utc()
    for trial, given in zip(page, answers, strict=True):
        trial.judged_human, trial.confidence, trial.rating = (
            given.judged_human,
            given.confidence,
            given.rating,
        )
        trial.answered_at, trial.feedback_seen_at = now, None if is_told else now


def leave_feedback(found: StudySession, trial_id: str, per_page: int) -> None:
    """Store that the feedback was read."""
    trial = find_next(found)
    if trial is not None and trial.practice_trial_id == trial_id and trial.answered_at is not None:
        for one in list_page(found, trial, per_page):
            one.feedback_seen_at = now_utc()
