"""Several studies in one PostgreSQL database: each has a schema to itself, which every command finds."""

import os
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select

from study_core.errors import StudyError
from study_server import services
from study_server.backup import back_up, restore
from study_server.namespace import claim_namespace
from study_server.several import SeveralStudies, find_studies
from study_server.store import Store, find_store, open_store
from study_server.study import Study
from study_server.tables import StudySession
from tests.study_server.databases import PostgreSQL
from tests.study_server.made_study import make_config
from tests.study_server.served import write_config

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
NAMES = ("first", "second-2")
SCHEMAS = ["study_first", "study_second-2"]


@pytest.fixture
def folder(tmp_path: Path, stimuli_folder: Path) -> Path:
    """Return a folder of two studies."""
    for name in NAMES:
        data = tmp_path / name / "data"
        data.mkdir(parents=True)
        (data / "stimuli").symlink_to(stimuli_folder)
        write_config(make_config(data, title=f"The {name} study"), tmp_path / name / "config.yaml")
    return tmp_path


def serve(folder: Path, finishing: str = "") -> None:
    """Serve both studies, and let somebody finish one of them."""
    several = SeveralStudies(find_studies([folder]))
    if finishing:
        take_part(several.apps[finishing].extensions["study"])
    several.close()


def claim(folder: Path) -> None:
    """Give both studies their schema, without serving them."""
    for study in find_studies([folder]):
        claim_namespace(study.config.folders, study.name)


def take_part(study: Study) -> None:
    """Answer a whole session."""
    with study.store.write() as db:
        session = services.arrive(db, study.protocol, is_simulated=False)
        services.consent(session)
        services.start(db, session, study.protocol)
        trial_ids = [trial.trial_id for trial in session.trials]
    for trial_id in trial_ids:
        answer = services.Answer(judged_human=True, confidence=2, knows_tune=False, heard_s=6.0)
        services.judge(study.store, session.session_id, trial_id, answer)


def find(folder: Path, name: str) -> Store:
    """Return a study's store as every command finds it."""
    return find_store(folder / name / "data/study.sqlite3")


def count_finished(store: Store) -> int:
    with store.read() as db:
        n = db.scalar(select(func.count()).where(StudySession.finished_at.is_not(None)))
    store.close()
    return n or 0


def read_place(folder: Path, name: str) -> str:
    store = find(folder, name)
    store.close()
    return store.place


def list_schemas() -> list[str]:
    """Return the schemas that hold tables of a study."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'judgments' ORDER BY 1")
        return [name for (name,) in rows]


def test_each_study_has_its_own_tables_and_every_command_and_later_server_finds_them(folder: Path) -> None:
    serve(folder, finishing="first")
    serve(folder, finishing="first")
    assert list_schemas() == SCHEMAS
    assert [count_finished(find(folder, name)) for name in NAMES] == [2, 0]
    assert read_place(folder, "second-2").endswith(", schema study_second-2")


def test_a_renamed_folder_keeps_its_tables_and_its_old_name_is_not_given_away(folder: Path) -> None:
    serve(folder, finishing="first")
    (folder / "first").rename(folder / "third")
    config = make_config(folder / "third/data", title="The first study")
    write_config(config, folder / "third/config.yaml")
    serve(folder)
    assert list_schemas() == SCHEMAS
    assert count_finished(find(folder, "third")) == 1
    (folder / "first/data").mkdir(parents=True)
    write_config(make_config(folder / "first/data"), folder / "first/config.yaml")
    with pytest.raises(StudyError, match="2 studies keep their tables in the schema study_first"):
        find_studies([folder])


def test_writers_of_one_study_do_not_wait_for_those_of_another(folder: Path) -> None:
    claim(folder)
    first, second = (find(folder, name) for name in NAMES)
    with first.write(), second.write():  # with one lock for both, the second would give up
        pass
    first.close()
    second.close()


def test_a_backup_holds_one_study_and_is_restored_into_the_schema_of_another(folder: Path) -> None:
    serve(folder, finishing="first")
    first, second = (find(folder, name) for name in NAMES)
    assert back_up(first, folder / "first.backup") == 8
    assert restore(second, folder / "first.backup") == 8
    second.forget_deleted()
    first.close()
    assert count_finished(second) == 1


def test_a_study_that_people_took_part_in_elsewhere_is_not_begun_anew(folder: Path) -> None:
    alone = open_store(folder / "first/data/study.sqlite3")
    alone.close()
    (folder / "first/data/frozen.json").write_text("{}")
    with pytest.raises(StudyError, match="first: people have taken part in it") as caught:
        SeveralStudies(find_studies([folder]))
    assert "write `study_first` into" in str(caught.value)
    assert "write `public` into" in str(caught.value)
    (folder / "first/data/frozen.json").unlink()
    (folder / "first/data/schema.txt").write_text("public\n")
    serve(folder, finishing="first")
    assert list_schemas() == ["public", "study_second-2"]
    (folder / "first/data/schema.txt").unlink()
    assert count_finished(find(folder, "first")) == 1, "where a study alone would have it"


def test_a_schema_that_is_none_is_refused(folder: Path) -> None:
    (folder / "first/data/schema.txt").write_text('x"; DROP SCHEMA public\n')
    with pytest.raises(StudyError, match=r"schema\.txt says 'x\"; DROP SCHEMA public', which is no schema"):
        find_studies([folder])


def test_a_user_who_may_not_make_the_schema_is_told_what_its_owner_should_do(
    folder: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgresql.make_database()
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS guest")
        owner.execute("CREATE ROLE guest LOGIN")
    monkeypatch.setenv(
        "DATABASE_URL", address.replace("postgres:", "guest:", 1).replace("postgres@", "guest@")
    )
    claim(folder)
    with pytest.raises(StudyError, match=r'CREATE SCHEMA "study_first" AUTHORIZATION "guest"'):
        find(folder, "first")
    with psycopg.connect(address, autocommit=True) as owner:
        for schema in SCHEMAS:
            owner.execute(f'CREATE SCHEMA "{schema}" AUTHORIZATION guest'.encode())
    assert count_finished(find(folder, "first")) == 0
    assert list_schemas() == SCHEMAS[:1]
