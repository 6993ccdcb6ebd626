"""One study seed; a child per purpose."""

from study_core.seeds import child_seed, random_generator


def test_a_purpose_always_gets_the_same_seed() -> None:
    # Literal values: a change here changes every clip and playlist of every study.
    assert child_seed(2018, "clips", "lstm", 7) == 2806125513145498018
    assert child_seed(2018, "clips", "lstm", "7") == child_seed(2018, "clips", "lstm", 7)


def test_other_purposes_and_other_studies_get_other_seeds() -> None:
    seeds = {child_seed(study, purpose, n) for study in (1, 2) for purpose in "abc" for n in range(50)}
    assert len(seeds) == 300


def test_generators_of_one_purpose_draw_alike() -> None:
    first, second = (random_generator(1, "a").random(5).tolist() for _ in range(2))
    assert first == second
