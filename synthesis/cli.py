"""`study render`."""

import click

from study_core.cli import Options
from study_core.console import say, show_progress
from study_core.manifest import is_current
from synthesis.audit import audit_stimuli
from synthesis.stimuli import fingerprint_inputs, publish_stimuli, read_clips, render_stimuli
from synthesis.takes import Studio


@click.command()
@click.option("--workers", type=click.IntRange(min=1), help="Processes to render with; all cores by default.")
@click.pass_obj
def render(options: Options, workers: int | None) -> None:
    """Turn clips into stimuli.

    Reads data/clips/clips.csv; writes data/stimuli/<id>.mp3 and data/stimuli/stimuli.csv. All stimuli
    have the same soundfont, length, lead-in, fade and loudness. A run that was stopped goes on where it
    stopped, and a run with nothing changed does nothing. Ends with an audit: where anything but the music
    differs, no stimulus is released.
    """
    config = options.load()
    folders = config.folders
    studio = Studio.open(config.synthesis, config.clips.duration_s)
    clips = read_clips(folders.clips)
    inputs = fingerprint_inputs(clips, folders, studio)
    if is_current(folders.stimuli, inputs):
        say(f"{len(clips)} stimuli are up to date in {folders.stimuli}")
        return
    stimuli = render_stimuli(clips, folders, studio, show_progress, workers=workers)
    audit_stimuli(stimuli, folders.stimuli, config.synthesis, show_progress, workers=workers)
    path = publish_stimuli(stimuli, folders, inputs)
    say(f"{len(stimuli)} stimuli of {stimuli[0].loudness_lufs:.1f} LUFS in {path}")
