"""`study render`."""

from typing import TYPE_CHECKING

import click

from study_core.cli import Options
from study_core.console import say, show_progress
from study_core.folders import SCREENING_FILE, STIMULI_FILE

if TYPE_CHECKING:
    from study_core.config import Config


@click.command()
@click.option("--workers", type=click.IntRange(min=1), help="Processes to render with; all cores by default.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Render on the Dask cluster of that scheduler, such as tcp://host:8786; its machines need the same "
    "folders and programs.",
)
@click.option(
    "--contact-sheet", is_flag=True, help="Then write a page on which you can see and play them all."
)
@click.option("--screening", is_flag=True, help="Write the sounds of the headphone screenings instead.")
@click.pass_obj
def render(
    options: Options,
    workers: int | None,
    cluster: str | None,
    contact_sheet: bool,  # noqa: FBT001 (a flag)
    screening: bool,  # noqa: FBT001 (a flag)
) -> None:
    """Turn clips into stimuli.

    Reads data/clips/clips.csv; writes data/stimuli/<id>.mp3 and data/stimuli/stimuli.csv. All stimuli
    have the same soundfont, length, lead-in, fade and loudness. A run that was stopped goes on where it
    stopped, and a run with nothing changed does nothing. Ends with an audit: where anything but the sound
    tells the system, no stimulus is released.
    """
    config = options.load()
    if screening:
        _write_screening(config)
        return
    _render(config, workers, cluster)
    if contact_sheet:
        _write_contact_sheet(config)


def _render(config: "Config", workers: int | None, cluster: str | None) -> None:
    from study_core.frozen import refuse_frozen
    from study_core.manifest import is_current
    from synthesis.audit import audit_stimuli
    from synthesis.stimuli import fingerprint_inputs, publish_stimuli, read_clips, render_stimuli
    from synthesis.takes import Studio

    folders = config.folders
    studio = Studio.open(config.synthesis, config.clips.duration_s)
    clips = read_clips(folders.clips)
    inputs = fingerprint_inputs(clips, folders, studio)
    if is_current(folders.stimuli, inputs):
        say(f"{len(clips)} stimuli are up to date in {folders.stimuli}")
        return
    refuse_frozen(config, "the stimuli")
    stimuli = render_stimuli(clips, folders, studio, show_progress, workers=workers, cluster=cluster)
    audit_stimuli(stimuli, folders.stimuli, config.synthesis, show_progress, workers=workers, cluster=cluster)
    path = publish_stimuli(stimuli, folders, inputs)
    say(f"{len(stimuli)} stimuli of {stimuli[0].loudness_lufs:.1f} LUFS in {path}")


def _write_screening(config: "Config") -> None:
    from study_core.frozen import read_frozen, refuse_frozen
    from study_core.manifest import is_current
    from synthesis.screening import fingerprint_screening, make_screening

    path = config.folders.screening / SCREENING_FILE
    # What is whole stays, though another version of the FLAC encoder would write other bytes.
    if is_current(config.folders.screening, fingerprint_screening(config.folders, config.seed)):
        say(f"The screening sounds are up to date: {path}")
        return
    frozen = read_frozen(config.folders.frozen)
    if frozen is not None and frozen.config["seed"] != config.seed:
        refuse_frozen(config, "the screening sounds")  # under the same seed they become the same again
    rows = make_screening(config.folders, config.seed)
    say(f"{len(rows)} screening sounds in {path}")


def _write_contact_sheet(config: "Config") -> None:
    from study_core.manifest import read_manifest
    from study_core.types import Stimulus
    from synthesis.contact_sheet import write_contact_sheet

    stimuli = read_manifest(config.folders.stimuli / STIMULI_FILE, Stimulus)
    say(f"Contact sheet in {write_contact_sheet(stimuli, config.folders, show_progress)}")
