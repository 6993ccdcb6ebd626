"""Who sings the same tune: copies in any key, at any speed and thinned out are found, strangers are not."""

import numpy as np
import pytest

from models import clusters
from models.clusters import find_lines, find_links, find_neighbors, join_links
from models.tokens import Score
from tests.models.conftest import make_score


def find_clusters(scores: dict[str, Score]) -> dict[str, str]:
    return join_links(scores, find_links(scores))


def thin_out(song: Score) -> Score:
    """Return the top line alone, as another program might write it."""
    return Score(song.notes[np.append(np.diff(song.notes[:, 0]) > 0, True)], song.bar_ticks, song.tempi)


@pytest.fixture(scope="module")
def crowd() -> dict[str, Score]:
    return {f"other {i}": make_score(i) for i in range(2, 30)}


@pytest.mark.parametrize(
    ("factors", "shift", "semitones", "speed"),
    [
        ((1, 1, 1, 1), (0, 0, 0, 0), 0, 1.0),
        ((1, 1, 1, 1), (48, -5, 0, 3), -5, 1.0),
        ((2, 1, 2, 1), (18, 7, 0, 0), 7, 2.0),
    ],
    ids=["same", "transposed", "slow"],
)
def test_a_copy_is_found_with_its_transposition_and_speed(
    crowd: dict[str, Score], factors: tuple[int, ...], shift: tuple[int, ...], semitones: int, speed: float
) -> None:
    song = make_score(1)
    copy = Score(thin_out(song).notes * factors + shift, 48, song.tempi)
    (link,) = find_links({"a song": song, "the copy": copy, **crowd})
    assert (link.one, link.other, link.semitones, link.speed) == ("a song", "the copy", semitones, speed)
    assert link.share > 0.5


def test_a_quarter_of_a_tune_in_a_medley_is_enough(crowd: dict[str, Score]) -> None:
    song, other = make_score(1), make_score(100)
    head, tail = song.notes[song.notes[:, 0] < 480], other.notes[other.notes[:, 0] >= 480]
    medley = Score(np.concatenate([head, tail]), 48, song.tempi)
    clusters = find_clusters({"song": song, "medley": medley, "rest": other, **crowd})
    assert {clusters[name] for name in ("song", "medley", "rest")} == {"medley"}
    assert all(clusters[name] == name for name in crowd)


def make_line(seed: int, n_notes: int, shared: int = 0, factor: int = 1) -> Score:
    """Return notes one after the other; so many of them, in the middle, are those of every such line."""
    lines = []
    for each, n in ((seed, n_notes), (0, shared)):
        rng = np.random.default_rng(each)
        lines.append(np.column_stack([rng.integers(1, 30, n), rng.integers(40, 90, n)]))
    own, common = lines
    first = (n_notes - shared) // 2
    steps = np.concatenate([own[:first], common, own[first + shared :]])
    length = factor * steps[:, 0]
    notes = np.column_stack([np.cumsum(length) - length, steps[:, 1], length, np.full(n_notes, 80)])
    return Score(notes, 48, np.array([[0.0, 120.0]]))


@pytest.mark.parametrize(
    ("shared", "n_notes", "n_runs"),
    [(15, 2000, 10), (14, 2000, 0), (11, 60, 6), (10, 60, 0), (11, 205, 6), (11, 206, 0)],
    ids=["15 notes of any piece", "14", "11 of a short one", "10", "3 % of the runs", "less"],
)
def test_so_many_notes_of_a_melody_link_two_pieces_and_one_less_does_not(
    shared: int, n_notes: int, n_runs: int
) -> None:
    links = find_links({"a": make_line(1, n_notes, shared), "b": make_line(2, n_notes + 40, shared)})
    assert [link.n_runs for link in links] == [n_runs] * bool(n_runs)
    assert [link.share for link in links] == [n_runs / (n_notes - 5)] * bool(n_runs)


@pytest.mark.parametrize(("factor", "speeds"), [(2, [2.0]), (3, []), (4, [])])
def test_a_melody_is_known_at_half_the_speed_and_no_slower(factor: int, speeds: list[float]) -> None:
    links = find_links({"a": make_line(1, 60, 30), "b": make_line(2, 60, 30, factor)})
    assert [link.speed for link in links] == speeds
    links = find_links({"a": make_line(2, 60, 30, factor), "b": make_line(1, 60, 30)})
    assert [link.speed for link in links] == [1 / speed for speed in speeds]


def test_strangers_and_trills_are_not_linked(crowd: dict[str, Score]) -> None:
    trill = np.array([(6 * i, 60 + i % 2, 6, 80) for i in range(200)])
    scale = np.array([(6 * i, 40 + i % 40, 6, 80) for i in range(200)])
    made = {
        f"{name} {i}": Score(notes, 48, np.array([[0.0, 120.0]]))
        for name, notes in (("trill", trill), ("scale", scale))
        for i in range(2)
    }
    assert find_links({**crowd, **made}) == []


def test_links_of_a_piece_that_is_left_out_join_nobody() -> None:
    song = make_score(1)
    links = find_links({"a": song, "b": song, "c": song})
    assert find_neighbors("abc", links) == {"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}}
    assert join_links("bcd", links) == {"b": "b", "c": "b", "d": "d"}


def test_a_melody_leaves_out_what_begins_under_a_higher_note() -> None:
    notes = np.array([[0, 72, 24, 80], [6, 60, 6, 80], [24, 50, 6, 80], [24, 64, 6, 80], [30, 62, 6, 80]])
    melody, top_line = find_lines(Score(notes, 48, np.array([[0.0, 120.0]])))
    assert melody.tolist() == [[0, 72], [24, 64], [30, 62]]
    assert top_line.tolist() == [[0, 72], [6, 60], [24, 64], [30, 62]]


def test_a_piece_shorter_than_a_run_is_linked_to_nothing(crowd: dict[str, Score]) -> None:
    jingle = Score(make_score(1).notes[:4], 48, np.array([[0.0, 120.0]]))
    assert find_links({"jingle": jingle, "same": jingle, **crowd}) == []


def test_a_figure_that_many_pieces_share_is_not_compared_pair_by_pair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What would make the work grow with the square of the corpus: every piece has the same bass figure."""
    figure = np.array([[24 * i, pitch, 24, 80] for i, pitch in enumerate((48, 55, 52, 60, 55, 52))])
    compared = []

    def count(one: object, other: object) -> None:
        compared.append((one, other))

    monkeypatch.setattr(clusters, "_find_step", count)
    for n_pieces, n_pairs in ((clusters.COMMON_RUN_PIECES, 1770), (clusters.COMMON_RUN_PIECES + 1, 0)):
        compared.clear()
        find_links({str(i): Score(figure, 48, np.array([[0.0, 120.0]])) for i in range(n_pieces)})
        assert len(compared) == n_pairs
