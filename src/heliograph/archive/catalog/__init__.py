"""Which set, disc and file is where: one SQLite file, a PostgreSQL database that several machines share, or memory.

    store ── sqlite | postgres | memory   the tables; one contract
    where                                 a file, a URL, or a store that is there already
    entry                                 sets that were sealed, or whose discs are here; made again from discs
    search, fetch                         files by name, day, hash, lot or cell; the discs to fetch for them

It is a convenience, never the only copy: all of it can be read from the discs again.
"""

from heliograph.archive.catalog.entry import Entered, add, check, default_catalog, enter, rebuild
from heliograph.archive.catalog.fetch import Fetch, SetFetch, to_fetch
from heliograph.archive.catalog.memory import MemoryStore
from heliograph.archive.catalog.search import Hit, find
from heliograph.archive.catalog.where import Where, shown

__all__ = [
    "Entered",
    "Fetch",
    "Hit",
    "MemoryStore",
    "SetFetch",
    "Where",
    "add",
    "check",
    "default_catalog",
    "enter",
    "find",
    "rebuild",
    "shown",
    "to_fetch",
]
