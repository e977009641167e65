"""Keep the wanted processes running, and stop them in order."""

import time
from collections.abc import Callable, Iterable

from sms.supervisor.child import Child, Folders, Process

GRACE_S = 30.0
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
LONG_LIFE_S = 60.0
PATIENCE_S = 5.0
"""How long a first start waits for the stages before it."""

Say = Callable[[str], None]


class _Post:
    """A place in the table: its process runs, waits to be started, or is being stopped."""

    def __init__(self, process: Process, now: float) -> None:
        self.process = process
        self.child: Child | None = None
        self.made_at = now
        self.due_at = now
        self.started_at: float | None = None
        self.kill_at: float | None = None
        self.early_deaths = 0
        self.was_ready = False

    @property
    def is_stopping(self) -> bool:
        return self.kill_at is not None

    def is_ready(self) -> bool:
        """Say whether those of later stages may start; once yes, always yes."""
        if not self.was_ready and self.child:
            self.was_ready = self.process.is_ready()
        return self.was_ready

    def back_off_s(self, now: float) -> float:
        """Count one more death and return how long to wait, in seconds."""
        if self.started_at is None or now - self.started_at >= LONG_LIFE_S:
            self.early_deaths = 0
        self.early_deaths += 1
        return BACK_OFF_S[min(self.early_deaths, len(BACK_OFF_S)) - 1]


class Supervisor:
    """Runs what `want` lists. `tick` does all the work; call it several times a second.

    Only ever used by one thread. Times are of `clock`, in seconds.
    """

    def __init__(
        self,
        folders: Folders,
        say: Say,
        *,
        ended: Callable[[int], object] = lambda pid: None,
        clock: Callable[[], float] = time.monotonic,
        grace_s: float = GRACE_S,
    ) -> None:
        """`ended` hears the pid of every child that is gone."""
        self._folders = folders
        self._say = say
        self._ended = ended
        self._clock = clock
        self._grace_s = grace_s
        self._wanted: dict[str, Process] = {}
        self._posts: dict[str, _Post] = {}

    @property
    def running(self) -> dict[str, int]:
        """The pids of what runs, by name."""
        return {name: post.child.pid for name, post in self._posts.items() if post.child}

    @property
    def missing(self) -> list[str]:
        """What is wanted and does not run, in the order of starting."""
        ordered = sorted(self._wanted.values(), key=lambda process: process.stage)
        return [process.name for process in ordered if process.name not in self.running]

    @property
    def wanted(self) -> list[str]:
        """The names of what should run."""
        return list(self._wanted)

    def early_deaths(self, name: str) -> int:
        """Count how often a process has died young, one time after another."""
        post = self._posts.get(name)
        return post.early_deaths if post else 0

    def want(self, processes: Iterable[Process]) -> None:
        """Replace the list of what should run; `tick` acts on the difference."""
        self._wanted = {process.name: process for process in processes}

    def tick(self) -> None:
        """Note who died, kill who overstayed, dismiss and start who has to be."""
        for post in list(self._posts.values()):
            self._reap(post)
            self._kill_if_overdue(post)
        self._dismiss_the_unwanted()
        for name, process in self._wanted.items():
            self._posts.setdefault(name, _Post(process, self._clock()))
        for post in sorted(self._posts.values(), key=lambda post: post.process.stage):
            self._start_if_due(post)

    def stop(self, pause: Callable[[], object]) -> None:
        """Stop everything; `pause` is called between two looks."""
        self.want([])
        self.tick()
        while self._posts:
            pause()
            self.tick()

    def _is_wanted(self, post: _Post) -> bool:
        return self._wanted.get(post.process.name) == post.process

    def _dismiss_the_unwanted(self) -> None:
        """Begin with the last stage: a link must hear its carrier out before that goes."""
        unwanted = [post for post in self._posts.values() if not self._is_wanted(post)]
        last = max((post.process.stage for post in unwanted), default=None)
        for post in unwanted:
            if post.process.stage == last:
                self._dismiss(post)

    def _dismiss(self, post: _Post) -> None:
        if post.is_stopping:
            return
        post.kill_at = self._clock() + self._grace_s
        if post.child:
            post.child.terminate()
        else:
            del self._posts[post.process.name]

    def _reap(self, post: _Post) -> None:
        if post.child is None or (code := post.child.exit_code()) is None:
            return
        pid = post.child.pid
        post.child.clean_up()
        post.child = None
        self._ended(pid)
        name = post.process.name
        if not self._is_wanted(post) or post.is_stopping:
            self._say(f"{name} stopped")
            del self._posts[name]
            return
        delay_s = post.back_off_s(self._clock())
        post.due_at = self._clock() + delay_s
        self._say(f"{name} {self._ending(name, code)}; starting it again in {delay_s:.0f} s")

    def _kill_if_overdue(self, post: _Post) -> None:
        if post.child and post.kill_at is not None and self._clock() >= post.kill_at:
            self._say(f"{post.process.name} did not finish within {self._grace_s:.0f} s: killed")
            post.child.kill()
            post.kill_at = self._clock() + self._grace_s

    def _start_if_due(self, post: _Post) -> None:
        now = self._clock()
        if post.child or post.is_stopping or not self._is_wanted(post):
            return
        if now < post.due_at or self._must_wait(post, now):
            return
        post.started_at = now
        try:
            post.child = Child(post.process, self._folders)
        except OSError as error:
            delay_s = post.back_off_s(now)
            post.due_at = now + delay_s
            self._say(
                f"{post.process.name} cannot be started: {error}; next try in {delay_s:.0f} s"
            )
        else:
            self._say(f"{post.process.name} started, pid {post.child.pid}")

    def _must_wait(self, post: _Post, now: float) -> bool:
        """Say whether it has yet to let the stages before it become ready."""
        if post.started_at is not None or now >= post.made_at + PATIENCE_S:
            return False
        earlier = [p for p in self._posts.values() if p.process.stage < post.process.stage]
        return not all(p.is_ready() for p in earlier)

    def _ending(self, name: str, code: int) -> str:
        """Put an exit code into words, with the process's own last ones."""
        if code < 0:
            return f"was ended by signal {-code}"
        words = self._folders.last_words(name)
        return f"ended with code {code}" + (f" ({words})" if words else "")
