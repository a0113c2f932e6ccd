"""Long calls into the library: Ctrl-C and exceptions of callbacks ask for a stop, and leave when it is reached."""

from __future__ import annotations

import ctypes
import threading
from typing import Any, Callable

from .errors import Stopped


class Waiting:
    """One such call. It is made in a thread of its own, so that Python's handlers of signals run while it lasts."""

    def __init__(self) -> None:
        self._stop = ctypes.c_int(0)
        self._raised: list[BaseException] = []
        self._kept: list[Any] = []

    @property
    def stop(self) -> Any:
        """A pointer to what becomes other than 0."""
        return ctypes.pointer(self._stop)

    def callback(self, function: Callable[..., object], *kinds: Any) -> int:
        """The address of a function (void *user, ...) for C that no exception leaves."""

        def guarded(_user: object, *rest: Any) -> None:
            try:
                function(*rest)
            except BaseException as error:
                self._ask(error)

        made = ctypes.CFUNCTYPE(None, ctypes.c_void_p, *kinds)(guarded)
        self._kept.append(made)
        return ctypes.cast(made, ctypes.c_void_p).value or 0

    def _ask(self, error: BaseException) -> None:
        self._raised.append(error)
        self._stop.value = 1
        self.ask()

    def ask(self) -> None:
        """Asks for a stop where that takes more than the pointer."""

    def call(self, work: Callable[[], None]) -> None:
        """Does the work and raises what it raised; what a callback or a handler raised comes first."""
        failed: list[BaseException] = []
        done = threading.Event()

        def run() -> None:
            try:
                work()
            except BaseException as error:
                failed.append(error)
            finally:
                done.set()

        threading.Thread(target=run, name="punctum").start()
        try:
            done.wait()
        except BaseException as error:
            self._ask(error)
            done.wait()
        for problem in failed:
            if not (self._raised and isinstance(problem, Stopped)):
                raise problem
        if self._raised:
            raise self._raised[0]
