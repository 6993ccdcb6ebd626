"""The running study's protocol: config, consent and stimuli under one hash, frozen once people take part."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from study_core.config import Config
from study_core.errors import StimulusError, StudyError, list_problems
from study_core.folders import STIMULI_FILE
from study_core.frozen import FrozenStudy, list_changes, mark_frozen, select_frozen
from study_core.manifest import fingerprint, read_manifest, sha256_file
from study_core.participation import TrialsConfig
from study_core.types import Stimulus
from study_server.arrangement import PlannedTrial
from study_server.aside import leave_out, set_aside
from study_server.documents import hash_consent
from study_server.playlist import Design, make_design
from study_server.screening import hash_sounds
from study_server.tables import Protocol, StudySession, now_utc

FROZEN_AT = select(Protocol.frozen_at).where(Protocol.protocol_sha256 == bindparam("sha256"))


@dataclass(frozen=True)
class RunningProtocol:
    """The config and the stimuli that this server runs on."""

    config: Config
    stimuli: Sequence[Stimulus]

    @cached_property
    def sha256(self) -> str:
        """The hash that every judgment carries: of config, consent and stimuli, not of where things lie."""
        return hash_protocol(self.frozen_config, self.stimuli)

    @cached_property
    def frozen_config(self) -> dict[str, Any]:
        """The part of the config that may not change under a running study, analysis plan included.

        For the folder of consent documents, it has the hash of each offered language's document; beside the
        screening's rules, where there are any, the hash of its sounds.
        """
        frozen = select_frozen(self.config)
        frozen["recruitment"]["consent"] = hash_consent(self.config)
        if self.config.screening.tests:
            frozen["screening"]["sounds"] = hash_sounds(self.config)
        return frozen

    @cached_property
    def by_id(self) -> dict[str, Stimulus]:
        """The stimuli by their ids."""
        return {stimulus.stimulus_id: stimulus for stimulus in self.stimuli}

    @cached_property
    def practice_stimuli(self) -> list[Stimulus]:
        """The stimuli set aside for practice."""
        n = self.config.practice.trials * self.config.trials.clips_per_page
        return set_aside(self.stimuli, n, self.config.seed)

    @cached_property
    def trial_stimuli(self) -> list[Stimulus]:
        """The stimuli that trials are drawn from."""
        return leave_out(self.stimuli, self.practice_stimuli)

    @property
    def n_trials(self) -> int:
        """Trials of one session; a pair is two of them."""
        return self.config.trials.n_pages * self.config.trials.clips_per_page

    @cached_property
    def design(self) -> Design:
        """What draws are made from."""
        return make_design(self.trial_stimuli, self.config.trials)

    def draw(self, taken: Mapping[str, int], seed: int) -> list[PlannedTrial]:
        """Return one session's trials in their order, from the places taken so far."""
        return self.design.draw(taken, seed)

    def list_counts(self, taken: Mapping[str, int]) -> list[int | None]:
        """Return the places taken of each stimulus in the order of the ids; None for those set aside."""
        drawn = {stimulus.stimulus_id for stimulus in self.trial_stimuli}
        return [taken.get(i, 0) if i in drawn else None for i in sorted(self.by_id)]


def hash_protocol(frozen_config: Mapping[str, Any], stimuli: Sequence[Stimulus]) -> str:
    """Return the hash of what a study is: the frozen part of its config and its sounds."""
    return fingerprint(frozen_config, sorted(s.stimulus_sha256 + s.opus_sha256 for s in stimuli))


def load_protocol(config: Config) -> RunningProtocol:
    """Return the protocol of a study whose stimuli are all there and unaltered.

    Raises
    ------
    StudyError
        If stimuli are missing or altered (all are named), or too few for a session.
    """
    folder = config.folders.stimuli
    stimuli = read_manifest(folder / STIMULI_FILE, Stimulus)
    problems = _find_problems(folder, stimuli)
    if problems:
        raise StimulusError(
            list_problems(
                f"{folder} has {len(problems)} bad stimul{'i' if len(problems) > 1 else 'us'}; restore the "
                "files, or remove the folder and run `study prepare`:",
                problems,
            )
        )
    protocol = RunningProtocol(config, stimuli)
    protocol.draw({}, seed=0)  # refuses a design that no session can meet
    return protocol


def _find_problems(folder: Path, stimuli: Sequence[Stimulus]) -> list[str]:
    ids = Counter(stimulus.stimulus_id for stimulus in stimuli)
    problems = [
        f"{stimulus_id}: stands {n} times in {STIMULI_FILE}" for stimulus_id, n in ids.items() if n > 1
    ]
    for stimulus in stimuli:
        path = folder / stimulus.stimulus_file
        problems += _compare_file(path, stimulus.stimulus_sha256)
        if stimulus.opus_sha256:
            problems += _compare_file(path.with_suffix(".opus"), stimulus.opus_sha256)
    return problems


def _compare_file(path: Path, sha256: str) -> list[str]:
    if not path.is_file():
        return [f"{path.name}: missing"]
    return [] if sha256_file(path) == sha256 else [f"{path.name}: altered since it was made"]


def refuse_changed_protocol(db: Session, protocol: RunningProtocol) -> None:
    """Raise a StudyError where real participants took part in another protocol of the same version."""
    version = protocol.config.version
    frozen = db.scalars(
        select(Protocol).where(
            Protocol.study_version == version,
            Protocol.frozen_at.is_not(None),
            Protocol.protocol_sha256 != protocol.sha256,
        )
    ).first()
    if frozen is None:
        return
    changes = _describe_changes(frozen, protocol)
    raise StudyError(
        list_problems(
            f"Version {version!r} of this study is frozen since its first participant started "
            f"({frozen.frozen_at}), and was changed. Restore what is listed here, or set another `version:` "
            "in config.yaml (earlier sessions are kept under their own version, but whoever has not finished "
            "cannot go on):",
            changes,
        )
    )


def _describe_changes(frozen: Protocol, protocol: RunningProtocol) -> list[str]:
    changes = list_changes(frozen.config, protocol.frozen_config)
    old = {str(stimulus["stimulus_sha256"]) for stimulus in frozen.stimuli}
    new = {stimulus.stimulus_sha256 for stimulus in protocol.stimuli}
    if old != new:
        changes.append(f"stimuli: {len(old - new)} of {len(old)} are gone, {len(new - old)} are new")
    return changes


def record_protocol(db: Session, protocol: RunningProtocol, *, is_frozen: bool) -> None:
    """Store the protocol on its first use; freeze it when the first real participant starts.

    The data folder is marked before the commit: a server that is killed between leaves a mark too many, which
    harms nothing, and never one too few.

    Raises
    ------
    StudyError
        If another protocol of this version was frozen meanwhile: by a server that runs on another config, or
        by a backup that was restored under this one.
    """
    row = db.execute(FROZEN_AT, {"sha256": protocol.sha256}).one_or_none()
    if row is None:
        db.add(
            Protocol(
                protocol_sha256=protocol.sha256,
                study_version=protocol.config.version,
                config=protocol.frozen_config,
                stimuli=[dataclasses.asdict(stimulus) for stimulus in protocol.stimuli],
            )
        )
        db.flush()
    if is_frozen and (row is None or row.frozen_at is None):
        refuse_changed_protocol(db, protocol)
        db.execute(
            update(Protocol).where(Protocol.protocol_sha256 == protocol.sha256).values(frozen_at=now_utc())
        )
        mark_data_folder(db, protocol)


def mark_data_folder(db: Session, protocol: RunningProtocol) -> None:
    """Mark the data folder where the protocol is frozen; a server does so at every start, on every host."""
    frozen_at = db.scalar(FROZEN_AT, {"sha256": protocol.sha256})
    if frozen_at is not None:
        study = FrozenStudy(
            study_version=protocol.config.version,
            protocol_sha256=protocol.sha256,
            frozen_at=frozen_at,
            config=protocol.frozen_config,
        )
        mark_frozen(protocol.config.folders.frozen, study)


def rebuild_draw(protocol: Protocol, study_session: StudySession) -> list[PlannedTrial]:
    """Return the draw of a stored session, made again from what the store holds about it.

    Raises
    ------
    StudyError
        If the session was never drawn.
    """
    if study_session.draw_counts is None or study_session.draw_seed is None:
        raise StudyError(
            f"Session {study_session.participant_id} never started: there is no draw to rebuild."
        )
    rows: list[dict[str, Any]] = protocol.stimuli
    stimuli = sorted((Stimulus(**row) for row in rows), key=lambda s: s.stimulus_id)
    counts = dict(zip((s.stimulus_id for s in stimuli), study_session.draw_counts, strict=True))
    drawn = [s for s in stimuli if counts[s.stimulus_id] is not None]
    trials = TrialsConfig.model_validate(protocol.config["trials"], strict=False)
    return make_design(drawn, trials).draw(
        {i: n for i, n in counts.items() if n is not None}, study_session.draw_seed
    )
