"""Practice: a few clips whose answer is told at once; set aside, so that they are never in the trials."""

from study_core.seeds import random_generator
from study_server.protocol import RunningProtocol
from study_server.tables import PracticeTrial, StudySession, now_utc


def prepare(found: StudySession, protocol: RunningProtocol) -> None:
    """Draw a session's practice, once its volume is set: the set-aside clips in an order of its own."""
    if found.volume_set_at is None or found.practice_trials:
        return
    aside = protocol.practice_stimuli
    random = random_generator(protocol.config.seed, "practice", found.participant_id)
    found.practice_trials = [
        PracticeTrial(trial_index=index, stimulus_id=aside[place].stimulus_id)
        for index, place in enumerate(random.permutation(len(aside)), start=1)
    ]


def find_next(found: StudySession) -> PracticeTrial | None:
    """Return the practice trial that is the session's turn: its feedback has not been read yet."""
    return next((trial for trial in found.practice_trials if trial.feedback_seen_at is None), None)


def answer(found: StudySession, trial_id: str, *, judged_human: bool, confidence: int) -> None:
    """Store the answer to the session's practice trial; the first one counts."""
    trial = find_next(found)
    if trial is None or trial.practice_trial_id != trial_id or trial.answered_at is not None:
        return
    trial.judged_human, trial.confidence, trial.answered_at = judged_human, confidence, now_utc()


def leave_feedback(found: StudySession, trial_id: str) -> None:
    """Store that the feedback was read."""
    trial = find_next(found)
    if trial is not None and trial.practice_trial_id == trial_id and trial.answered_at is not None:
        trial.feedback_seen_at = now_utc()
