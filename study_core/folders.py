"""Where each stage's files lie under the data folder; change a path here and nowhere else."""

from dataclasses import dataclass
from pathlib import Path

CLIPS_FILE, STIMULI_FILE, SCREENING_FILE = "clips.csv", "stimuli.csv", "screening.csv"
"""The manifests of clips, of stimuli and of screening sounds, each in the folder of its files."""


@dataclass(frozen=True, slots=True)
class DataFolders:
    """The folders of one study's data."""

    root: Path

    @property
    def corpus(self) -> Path:
        """Imported corpora, a folder each, and `pieces.csv` of the one the study runs on."""
        return self.root / "corpus"

    @property
    def models(self) -> Path:
        """Trained generators, a folder each: weights, history and loss plot."""
        return self.root / "models"

    @property
    def clips(self) -> Path:
        """MIDI clips and `clips.csv`."""
        return self.root / "clips"

    @property
    def evaluation(self) -> Path:
        """How close the clips are to real music, unheard: figures, features and page of `study evaluate`."""
        return self.root / "evaluation"

    @property
    def stimuli(self) -> Path:
        """Audio stimuli under opaque ids and `stimuli.csv`."""
        return self.root / "stimuli"

    @property
    def screening(self) -> Path:
        """Sounds of the headphone screenings under opaque ids and `screening.csv`, which has the answers."""
        return self.root / "screening"

    @property
    def contact_sheet(self) -> Path:
        """The researcher's page of all stimuli; it names their systems and is never served."""
        return self.root / "contact-sheet"

    @property
    def frozen(self) -> Path:
        """The mark that people take part, so that no stage replaces a file."""
        return self.root / "frozen.json"

    @property
    def database(self) -> Path:
        """The study server's SQLite file."""
        return self.root / "study.sqlite3"

    @property
    def export(self) -> Path:
        """The data set that `study export` writes."""
        return self.root / "export"

    @property
    def responses(self) -> Path:
        """The judgments of that data set, which `study analyze` reads."""
        return self.export / name_table("trials")

    @property
    def report(self) -> Path:
        """The report that `study analyze` writes."""
        return self.root / "report"

    @property
    def secrets(self) -> Path:
        """Keys and passwords, readable by the owner only."""
        return self.root / "secrets"


def name_table(name: str) -> str:
    """Return where a table of a data set lies in its folder; Psych-DS names files so."""
    return f"data/description-{name}_data.csv"
