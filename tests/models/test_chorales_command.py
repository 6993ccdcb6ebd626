"""`study corpus chorales`: some of Bach's chorales as a corpus of their own."""

from pathlib import Path

import pytest

from study_core.cli import main


def test_a_corpus_that_is_there_is_not_converted_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "corpus/chorales").mkdir(parents=True)
    (tmp_path / "config.yaml").write_text(f"data_dir: {tmp_path}\n")
    with pytest.raises(SystemExit) as stop:
        main(["--config", str(tmp_path / "config.yaml"), "corpus", "chorales", "--count", "20"])
    assert stop.value.code == 2
    assert "is there already. Remove it to have it made again." in capsys.readouterr().err


@pytest.mark.slow
def test_so_many_of_the_files_are_converted(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"data_dir: {tmp_path}\n")
    main(["--config", str(tmp_path / "config.yaml"), "corpus", "chorales", "--count", "30"])
    assert 10 <= len(list((tmp_path / "corpus/chorales").glob("*.mid"))) <= 30
