"""The article's trainings, made from a study's pieces and the config's `article`."""

from models.article_gan import ArticleGANTraining
from models.article_lstm import ArticleLSTMTraining
from models.article_songs import read_songs
from models.article_windows import make_windows
from study_core.config import Config


def start_article_training(system: str, config: Config) -> ArticleLSTMTraining | ArticleGANTraining:
    """Return the training of `article_lstm` or `article_gan`.

    Raises
    ------
    CorpusError
        If MIDI files are gone, or hold too few of the article's tokens.
    """
    windows = make_windows(list(read_songs(config.folders, "train").values()))
    if system == "article_gan":
        return ArticleGANTraining(windows, config.article, config.seed)
    held_out = make_windows(list(read_songs(config.folders, "validation").values()), windows.vocabulary)
    return ArticleLSTMTraining(windows, held_out, config.article, config.seed)
