from tests.study_server.listener import Participant


def test_a_session_leads_from_welcome_to_a_score(participant: Participant) -> None:
    participant.finish()
    assert participant.path == "/thanks"
    assert "of 8 right" in participant.text
