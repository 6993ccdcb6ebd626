"""Whether soundfont and stimuli are those of this config: what `study check` asks of this folder."""

from study_core.config import Config
from study_core.folders import CLIPS_FILE, STIMULI_FILE
from study_core.manifest import is_current
from study_core.readiness import Finding
from synthesis.soundfonts import find_soundfont, list_places, list_soundfonts
from synthesis.stimuli import fingerprint_inputs, read_clips
from synthesis.takes import Studio

PREPARE = "run `study prepare`"


def check_soundfont(config: Config) -> Finding:
    """Find the soundfont, without fetching it."""
    name = config.synthesis.soundfont
    entry = list_soundfonts().get(name)  # none where it is a path, or unknown
    places = list_places(entry) if entry else []
    if places and not any(place.exists() for place in places):
        wanted = " nor ".join(map(str, places))
        return Finding(missing=(f"{name} is neither {wanted}: `study prepare` fetches it, or install it",))
    soundfont = find_soundfont(name)
    return Finding(f"{soundfont.name}, {soundfont.path}")


def check_stimuli(config: Config) -> Finding:
    """Find the stimuli, made from these clips with these settings."""
    folders = config.folders
    path = folders.stimuli / STIMULI_FILE
    if not path.exists():
        return Finding(missing=(f"{path} is not made yet: {PREPARE}",))
    if not (folders.clips / CLIPS_FILE).exists():
        return Finding(str(path), doubts=("what they were made from is not here, so it was not compared",))
    clips = read_clips(folders.clips)
    studio = Studio.open(config.synthesis, config.clips.duration_s)
    if not is_current(folders.stimuli, fingerprint_inputs(clips, folders, studio)):
        return Finding(missing=(f"{path} is of other clips or settings, or files were altered: {PREPARE}",))
    return Finding(f"{len(clips)}, unaltered, no system told by anything but the sound")
