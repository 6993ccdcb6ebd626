"""What no database takes is refused before it reaches one: nobody meets a fault for it."""

import pytest
from flask import Flask

from tests.study_server.databases import BOTH
from tests.study_server.listener import Participant

NULL = "\x00"


@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_a_null_byte_is_refused_wherever_it_stands(app: Flask) -> None:
    app.testing = False
    desk = Participant(app).open("/researcher").send({"password": "correct horse"})
    person = Participant(app).begin()
    for visitor, path in (
        (desk, "/researcher/participants?find=abc%00def"),
        (desk, "/researcher/participants?%00=abc"),
        (desk, f"/researcher/participants/%00{'0' * 31}"),
        (person, "/trial/%00"),
        (person, "/audio/%00.mp3"),
    ):
        assert visitor.open(path).reply.status_code == 400, path
    for path, fields in (
        ("/researcher/phase", {"phase": "paused", "reason": f"the sound{NULL}is wrong"}),
        ("/researcher/data/look", {"reason": f"does it play at all{NULL}"}),
        ("/researcher/data/look", {f"reason{NULL}": "does it play at all"}),
    ):
        desk.open("/researcher").send(fields, path=path)
        assert desk.reply.status_code == 400, path
    assert desk.open("/researcher").reply.status_code == 200
