"""Whether the clips are those of this config: what `study check` asks of this folder."""

from collections import Counter

from models.clips import ClipStage
from study_core.config import Config
from study_core.folders import CLIPS_FILE
from study_core.manifest import read_manifest
from study_core.readiness import Finding
from study_core.types import Clip

PREPARE = "run `study prepare`"


def check_clips(config: Config) -> Finding:
    """Find the clips, made from this corpus, these generators and this config."""
    config.clips.check_folders()
    path = config.folders.clips / CLIPS_FILE
    if not path.exists() and config.folders.stimuli.is_dir():
        return Finding("not here, only the stimuli", doubts=("what they were made from cannot be compared",))
    if not path.exists():
        return Finding(missing=(f"{path} is not made yet: {PREPARE}",))
    clips = read_manifest(path, Clip)
    if not ClipStage(config).is_current():
        return Finding(missing=(f"{path} was made from other pieces, weights or settings: {PREPARE}",))
    counts = Counter(clip.system for clip in clips)
    return Finding(", ".join(f"{counts[system]} of {system}" for system in config.trials.per_participant))
