import pytest

from sms.lifecycle import FINAL, TRANSITIONS, SegmentState, Status, fold, sources

S = SegmentState


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ([], None),
        ([S.SUBMITTING], None),
        ([S.DEFERRED], None),
        ([S.ACCEPTED], Status.SENT),
        ([S.REFUSED], Status.FAILED),
        ([S.UNANSWERED], Status.FAILED),
        ([S.DELIVERED], Status.DELIVERED),
        ([S.UNDELIVERED], Status.UNDELIVERED),
        ([S.FAILED], Status.FAILED),
        ([S.ACCEPTED, S.SUBMITTING], None),
        ([S.ACCEPTED, S.DEFERRED], None),
        ([S.ACCEPTED, S.ACCEPTED], Status.SENT),
        ([S.DELIVERED, S.ACCEPTED], Status.SENT),
        ([S.DELIVERED, S.DELIVERED], Status.DELIVERED),
        ([S.DELIVERED, S.UNDELIVERED], Status.UNDELIVERED),
        ([S.UNDELIVERED, S.FAILED], Status.FAILED),
        ([S.ACCEPTED, S.REFUSED], Status.FAILED),
    ],
)
def test_a_message_stands_where_its_segments_stand(
    states: list[SegmentState], status: Status | None
) -> None:
    assert fold(states) == status


def test_final_means_final() -> None:
    assert {Status.DELIVERED, Status.UNDELIVERED, Status.FAILED, Status.RECEIVED} == FINAL
    assert all(not TRANSITIONS[status] for status in FINAL)


def test_every_status_has_its_moves() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_sources_are_the_moves_read_backwards() -> None:
    assert set(sources(Status.FAILED)) == {Status.SENDING, Status.QUEUED, Status.SENT}
    assert sources(Status.DELIVERED) == [Status.SENT]
