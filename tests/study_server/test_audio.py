"""Audio goes to its own session only, in time, by ranges, under a name that tells nothing."""

from flask import Flask
from sqlalchemy import select

from study_server.study import Study
from study_server.tables import Trial
from tests.study_server.listener import Participant


def get_sound(study: Study, trial_index: int) -> str:
    """Return the address of a trial's audio."""
    with study.store.read() as db:
        token = db.scalars(select(Trial.audio_token).where(Trial.trial_index == trial_index)).one()
    return f"/audio/{token}.mp3"


def test_the_present_and_the_next_clip_are_sent_and_no_later_one(
    participant: Participant, study: Study
) -> None:
    participant.begin()
    assert participant.sound == get_sound(study, 1)
    statuses = [participant.client.get(get_sound(study, index)).status_code for index in (1, 2, 3, 8)]
    assert statuses == [200, 200, 404, 404]


def test_clips_heard_before_are_sent_again(participant: Participant, study: Study) -> None:
    participant.begin().answer().answer()
    assert participant.client.get(get_sound(study, 1)).status_code == 200


def test_every_clip_of_a_finished_session_is_sent(participant: Participant, study: Study) -> None:
    participant.finish()
    assert participant.client.get(get_sound(study, 8)).status_code == 200


def test_another_session_does_not_get_the_clip(participant: Participant, app: Flask) -> None:
    sound = participant.begin().sound
    assert Participant(app).client.get(sound).status_code == 404
    assert Participant(app).begin().client.get(sound).status_code == 404


def test_a_stimulus_cannot_be_had_by_its_own_name(participant: Participant, study: Study) -> None:
    participant.begin()
    stimulus = study.protocol.stimuli[0]
    for path in (
        f"/audio/{stimulus.stimulus_id}.mp3",
        "/audio/../stimuli/stimuli.csv",
        "/stimuli/stimuli.csv",
    ):
        assert participant.client.get(path).status_code == 404


def test_a_part_of_a_clip_can_be_asked_for(participant: Participant) -> None:
    sound = participant.begin().sound
    whole = participant.client.get(sound).data
    part = participant.client.get(sound, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.data == whole[100:200]
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"


def test_the_volume_sound_is_a_wav_and_can_be_had_in_parts(participant: Participant) -> None:
    whole = participant.client.get("/volume.wav")
    part = participant.client.get("/volume.wav", headers={"Range": "bytes=0-43"})
    assert whole.data.startswith(b"RIFF")
    assert (part.status_code, part.data) == (206, whole.data[:44])
