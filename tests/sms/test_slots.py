"""Who holds which bind of a link, and how much of its rate."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from sms import slots
from sms.lifecycle import LinkState
from sms.models import Link, Slot


def take(link: Link, owner: str, binds: int = 2) -> Slot:
    return slots.take(link_id=link.id, owner=owner, binds=binds)


def up(link: Link, owner: str, binds: int = 2) -> Slot:
    slot = take(link, owner, binds)
    slots.tell(slot, owner=owner, state=LinkState.UP, detail="")
    return slot


def let_the_lease_run_out(slot: Slot) -> None:
    past = timezone.now() - timedelta(minutes=1)
    Slot.objects.filter(id=slot.id).update(owned_until=past)


def rates(link: Link) -> list[float]:
    return [slot.tps for slot in slots.live(link.id)]


def test_workers_take_the_binds_and_then_stand_by(link: Link) -> None:
    states = [(s.number, Slot.objects.get(id=s.id).state) for s in (take(link, w) for w in "abcd")]
    assert states == [
        (1, LinkState.DOWN),
        (2, LinkState.DOWN),
        (3, LinkState.STANDBY),
        (4, LinkState.STANDBY),
    ]


def test_a_worker_that_stands_by_moves_up_when_a_bind_is_free(link: Link) -> None:
    first, second, third = (take(link, worker) for worker in "abc")
    assert slots.move_up(third, owner="c", binds=2) is third
    slots.release(first, owner="a")
    moved = slots.move_up(third, owner="c", binds=2)
    assert moved.number == 1 and slots.renew(moved, owner="c")
    assert [(s.number, s.owner) for s in slots.live(link.id)] == [(1, "c"), (2, "b")]
    let_the_lease_run_out(second)
    fourth = take(link, "d")
    assert fourth.number == 2 and not slots.renew(second, owner="b")


def test_another_bind_makes_a_place_to_stand_by_one_to_connect_on(link: Link) -> None:
    take(link, "a", binds=1)
    waiting = take(link, "b", binds=1)
    assert slots.move_up(waiting, owner="b", binds=2) is waiting
    assert waiting.number == 2


def test_places_of_workers_that_are_gone_are_forgotten(link: Link) -> None:
    for worker in "abc":
        let_the_lease_run_out(take(link, worker, binds=1))
    assert take(link, "d", binds=1).number == 1
    assert Slot.objects.count() == 1


def test_a_link_is_up_only_while_a_living_worker_says_so(link: Link) -> None:
    slot = up(link, "a")
    assert slots.links_up() == {link.id}
    for state in (LinkState.PAUSED, LinkState.DRAINING, LinkState.DRAINED, LinkState.DOWN):
        slots.tell(slot, owner="a", state=state, detail="")
        assert slots.links_down() == {link.id}
    slots.tell(slot, owner="a", state=LinkState.UP, detail="")
    let_the_lease_run_out(slot)
    assert slots.links_up() == set()


def test_a_peer_dialled_in_vain_has_not_been_up_lately(link: Link) -> None:
    slot = up(link, "a")
    grace = timedelta(seconds=5)
    slots.tell(slot, owner="a", state=LinkState.DOWN, detail="connection lost")
    assert slots.links_lately_up(grace) == {link.id}
    left_at = timezone.now() - timedelta(seconds=6)
    Slot.objects.filter(id=slot.id).update(changed_at=left_at)
    for state in (LinkState.DOWN, LinkState.BINDING, LinkState.REFUSED):
        slots.tell(slot, owner="a", state=state, detail="once more")
        assert slots.links_lately_up(grace) == set()
    assert [(s.changed_at, s.detail) for s in slots.live(link.id)] == [(left_at, "once more")]
    slots.tell(slot, owner="a", state=LinkState.UP, detail="")
    slots.tell(slot, owner="a", state=LinkState.DOWN, detail="lost again")
    assert slots.links_lately_up(grace) == {link.id}


def test_slots_share_the_rate_and_never_exceed_it(link: Link) -> None:
    first = up(link, "a")
    assert slots.share(first, owner="a", max_tps=10) == 10
    second = up(link, "b")
    # The first goes at the full rate until it looks again.
    assert slots.share(second, owner="b", max_tps=10) == 0
    assert slots.share(first, owner="a", max_tps=10) == 5
    assert slots.share(second, owner="b", max_tps=10) == 5
    slots.tell(first, owner="a", state=LinkState.DOWN, detail="")
    assert slots.share(second, owner="b", max_tps=10) == 10
    let_the_lease_run_out(second)
    slots.tell(first, owner="a", state=LinkState.UP, detail="")
    first.tps = 0.0
    assert slots.share(first, owner="a", max_tps=10) == 10


def test_a_lower_limit_is_felt_by_all(link: Link) -> None:
    workers = {worker: up(link, worker, binds=3) for worker in "abc"}
    for _ in range(2):
        for worker, slot in workers.items():
            slots.share(slot, owner=worker, max_tps=30)
    assert rates(link) == [10, 10, 10]
    for _ in range(2):
        for worker, slot in workers.items():
            slots.share(slot, owner=worker, max_tps=1)
            assert slot.tps <= 1
    assert rates(link) == pytest.approx([1 / 3] * 3)


@pytest.mark.django_db(transaction=True)
def test_slots_that_ask_at_once_do_not_exceed_the_rate(link: Link) -> None:
    workers = {str(n): up(link, str(n), binds=4) for n in range(4)}
    barrier = Barrier(4)

    def ask(worker: str, slot: Slot) -> None:
        try:
            barrier.wait(10)
            slots.share(slot, owner=worker, max_tps=8)
        finally:
            connection.close()

    for _ in range(3):
        threads = [Thread(target=ask, args=item) for item in workers.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert sum(rates(link)) <= 8 + 1e-6
    assert rates(link) == [2, 2, 2, 2]


@pytest.mark.django_db(transaction=True)
def test_workers_that_start_at_once_take_different_slots(link: Link) -> None:
    barrier = Barrier(4)
    numbers: list[int] = []

    def start(worker: str) -> None:
        try:
            barrier.wait(10)
            numbers.append(take(link, worker).number)
        finally:
            connection.close()

    threads = [Thread(target=start, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(numbers) == [1, 2, 3, 4]


def test_the_death_of_a_process_frees_its_slot_and_its_rate(link: Link) -> None:
    slot = up(link, "a")
    slots.share(slot, owner="a", max_tps=5)
    pid = Slot.objects.get().pid
    assert pid and slots.release_dead(pid) == 1
    assert slots.live(link.id) == []
    assert (Slot.objects.get().tps, Slot.objects.get().detail) == (0, "its worker ended")
