"""One foreground process that starts, watches and stops all the others.

processes.py    the table: what runs, how, and when
deployment.py   the same table for systemd, containers and as a Procfile
child.py        one process: its own session, pid file, log file
supervisor.py   spawn, restart with back-off, stop in order; no policy of its own
instance.py     one supervisor a DATA_DIR, on free ports, cleaning up after a killed one
serving.py      the life of an instance: start, wait until it answers, follow the links, stop
signals.py      signals as something to wait for
demo.py         the demo account, its link to the simulator, the admin's log-in
journey.py      the first message, told as it travels
console.py      calm lines with their time

All spawning is done by the main thread: the kernel counts a child's parent to be the
thread that forked it (prctl(2), PR_SET_PDEATHSIG).
"""
