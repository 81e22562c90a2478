"""A source that is on its way: read in a thread of its own while the page's files are served already."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future

from heliograph.view.source import Opening, Source

__all__ = ["Coming"]


class Coming:
    """What an opening gives, once it has been read."""

    def __init__(self, opening: Opening) -> None:
        """Nothing is read before `start`."""
        self.opening = opening
        self._found: Future[Source] = Future()
        self._found.set_running_or_notify_cancel()  # so a viewer that gives up waiting cancels nothing

    def start(self, failed: Callable[[], None]) -> None:
        """Read it; `failed` is called if that cannot be done."""
        threading.Thread(target=self._read, args=(failed,), daemon=True).start()

    def _read(self, failed: Callable[[], None]) -> None:
        try:
            self._found.set_result(self.opening.read())
        except BaseException as wrong:  # told to whoever waits, and raised where the server ends
            self._found.set_exception(wrong)
            failed()

    @property
    def here(self) -> bool:
        """Whether it has been read, or cannot be."""
        return self._found.done()

    @property
    def failure(self) -> BaseException | None:
        """Why it could not be read; None: it could, or is still being read."""
        return self._found.exception() if self._found.done() else None

    async def source(self) -> Source:
        """The source, when it is here.

        Raises:
            HeliographError: it cannot be read.
        """
        return await asyncio.wrap_future(self._found)
