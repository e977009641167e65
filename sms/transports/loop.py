"""The asyncio loop thread that all links of a process share."""

import asyncio
import os
import threading

_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}


def shared_loop() -> asyncio.AbstractEventLoop:
    """Return this process's running loop; the first call starts its thread."""
    with _lock:
        # By process: a fork inherits the dict, but not the thread.
        if os.getpid() not in _loops:
            _loops[os.getpid()] = _start()
        return _loops[os.getpid()]


def _start() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="transports", daemon=True).start()
    return loop
