"""The table of faults."""

from tests.faults.doing import broker, carrier, clocks, database, processes, receiver
from tests.faults.doing.processes import LINK_WORKER
from tests.faults.scene import Fault

CLOCKS = {
    "web": "web",
    "link worker": LINK_WORKER,
    "callback worker": "notify",
    "housekeeping": "housekeeping",
    "database": "database",
}

FAULTS = (
    Fault("kill -9 web", processes.kill("web")),
    Fault("kill -9 one of web's workers", processes.kill_web_worker),
    Fault("kill -9 web's own workers", processes.kill_web_workers),
    Fault("kill -9 link worker", processes.kill(LINK_WORKER)),
    Fault("kill -9 callback worker", processes.kill("notify")),
    Fault("kill -9 housekeeping", processes.kill("housekeeping")),
    Fault("kill -9 all four at once", processes.kill_workers, is_short=True),
    Fault("kill -9 supervisor", processes.kill_supervisor),
    Fault("kill -9 everything", processes.kill_all),
    Fault("link worker frozen 45 s", processes.freeze(LINK_WORKER, for_s=45)),
    Fault("the same, another waits", processes.freeze_and_replace),
    Fault("callback worker frozen 70 s", processes.freeze("notify", for_s=70)),
    Fault("housekeeping frozen 20 s", processes.freeze("housekeeping", for_s=20)),
    Fault("web frozen 15 s", processes.freeze("web", for_s=15)),
    Fault("second worker on the link", processes.add_worker),
    Fault("rolling restart (SIGTERM)", processes.roll),
    Fault("SIGTERM to all workers", processes.stop_workers, is_short=True),
    Fault("broker restart (kill -9)", broker.restart, is_short=True),
    Fault("broker away for 60 s", broker.take_away),
    Fault("broker frozen 20 s", broker.freeze),
    Fault("broker's memory alarm", broker.alarm),
    Fault("broker's queues deleted", broker.delete_queues),
    Fault("database restart", database.restart, is_short=True),
    Fault("database crash, 5 s away", database.crash),
    Fault("database crashes twice", database.crash_twice),
    Fault("database frozen 10 s", database.freeze),
    Fault("connections ended, 10 times", database.end_connections),
    Fault("too many connections", database.take_connections),
    Fault("table locked for 8 s", database.lock_table),
    Fault("carrier drops", carrier.drop_line, is_short=True),
    Fault("carrier drops, 5 times", carrier.drop_lines),
    Fault("carrier silent for 20 s", carrier.hang),
    Fault("carrier frozen 45 s", carrier.freeze),
    Fault("carrier sends garbage", carrier.send_garbage),
    Fault("carrier refuses binds", carrier.refuse_binds),
    Fault("carrier binds in 8 s", carrier.bind_slowly),
    Fault("answers in any order", carrier.behave("in any order")),
    Fault("answers and receipts twice", carrier.behave("twice")),
    Fault("receipts before answers", carrier.behave("receipts first")),
    Fault("answers after 12 s", carrier.behave("late")),
    Fault("answers to nobody", carrier.behave("miscounted")),
    Fault("receiver silent for 20 s", receiver.behave("silent", for_s=20)),
    Fault("receiver fails half", receiver.behave("fails half")),
    Fault("receiver breaks off", receiver.behave("breaks off")),
    Fault("receiver takes 9 s", receiver.behave("slow", for_s=20)),
    Fault("database's disk full 10 s", database.fill_disk, needs="disks"),
    Fault("platform's disk full 10 s", processes.fill_disk, needs="disks"),
    *(
        Fault(f"{name}: clock {step_s // 3600:+} h", clocks.step(process, step_s), needs="clocks")
        for name, process in CLOCKS.items()
        for step_s in (3600, -3600)
    ),
)
