"""Burn sealed images, disc by disc: look, write, read back every sector, enter it in the register.

    for each image:  checked? ──► disc there? ──► begun ──► written ──► read back, compared ──► verified
                                      │
                       not blank: is it this very image? ──► verified, nothing is burnt
                                      │ no
                       changer: next slot; person: asked; else refused

Each step is a line of the register before the next begins, so that the next command can say what a killed one left.
What is verified is not burnt again. What was begun is looked for first: the recorder may have finished the disc alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from heliograph import __version__
from heliograph.archive.care.burns import BEGUN, FAILED, LOST, VERIFIED, WRITTEN, Burn, enter_burn, last_burns
from heliograph.archive.care.measure import measured
from heliograph.archive.care.register import Register
from heliograph.archive.drive.changer import Changer, next_slot
from heliograph.archive.drive.fits import refusal
from heliograph.archive.drive.job import Job, image_sha256, images_in, sound
from heliograph.archive.drive.port import APPENDABLE, Drive, Loaded, Tell
from heliograph.archive.drive.port import WRITTEN as ON_DISC
from heliograph.archive.drive.readback import begins_like, compare
from heliograph.archive.drive.recorder import xorriso_speed
from heliograph.archive.texts.index import volume_name
from heliograph.errors import DriveWrong, HeliographError

__all__ = ["Burnt", "Wishes", "burn"]

Ask = Callable[[str, str], bool]
"""Told for which image a blank disc is wanted and what is in the way; whether the disc has been changed."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the caller wants it."""

    speed: str = ""
    """`4x`, `18MB` a second, or nothing for the drive's own choice."""
    verify: bool = True
    again: bool = False
    """Burn also what the register calls verified: a second copy."""
    medium: str = ""
    """The kind of disc it must be, a name of `MEDIA`."""
    rewritable: bool = False
    slots: Collection[int] = ()
    """Of a changer: those that may be taken; none for all but its mailbox."""
    note: str = ""
    """Which physical discs, for the register."""

    def __post_init__(self) -> None:
        """Refuse a speed that is none (UsageWrong) before anything has begun."""
        if self.speed:
            xorriso_speed(self.speed)


@dataclass(frozen=True, slots=True)
class Burnt:
    """What was done, in the order of the images."""

    discs: tuple[Burn, ...]
    already: tuple[Burn, ...]
    """Verified before, by the register; not burnt again."""
    lost: tuple[Burn, ...]
    """Discs of earlier, interrupted burns that must not be kept."""


def burn(
    paths: Sequence[Path],
    drive: Drive,
    register: Register,
    *,
    wishes: Wishes = Wishes(),
    changer: Changer | None = None,
    ask: Ask | None = None,
    now: Callable[[], datetime],
    tell: Tell = lambda what, done, total: None,
    say: Callable[[str], None] = lambda line: None,
) -> Burnt:
    """Burn the images that the paths hold, each on a disc of its own, and read each disc back.

    Args:
        paths: image files, or folders of them.
        changer: takes blank discs from its slots and puts burnt ones back.
        ask: asked for a blank disc when there is no changer; without it, one that is not there is refused.
        now: the clock, for the register.
        tell: told what is being done, how much of it, and of how much.
        say: told what a person must know at once, such as a disc that is lost.
    Raises:
        NotFound: no images. Damaged, SectorsLost, DiscWrong: an image is not sound; nothing was burnt.
        DriveWrong: no blank disc, the wrong kind, a failed burn, or a disc that reads back otherwise.
        DoesNotFit: the disc is too small. CannotWrite: the register, or a file in the way.
    """
    register.check()
    images = {path: image_sha256(path, tell) for path in images_in(paths)}
    known = last_burns(register, images.values(), folders=not drive.one_disc)
    # A copy in a folder is looked at each time: that costs little, and it may have been deleted.
    skip = {key for key, last in known.items() if last.state == VERIFIED and drive.one_disc and not wishes.again}
    once = {sha256: path for path, sha256 in reversed(images.items())} if drive.one_disc else {}
    jobs = [
        sound(path, sha256, tell)
        for path, sha256 in images.items()
        if sha256 not in skip and once.get(sha256, path) == path
    ]
    work = _Work(drive, register, wishes, changer, ask, now, tell, say)
    work.already += [known[sha256] for sha256 in images.values() if sha256 in skip]
    for job in jobs:
        work.burn(job, known.get(job.sha256))
    if changer is not None and work.discs:
        changer.unload()
    return Burnt(tuple(work.discs), tuple(work.already), tuple(work.lost))


class _Work:
    """The discs on their way."""

    def __init__(
        self,
        drive: Drive,
        register: Register,
        wishes: Wishes,
        changer: Changer | None,
        ask: Ask | None,
        now: Callable[[], datetime],
        tell: Tell,
        say: Callable[[str], None],
    ) -> None:
        self.drive, self.register, self.wishes, self.changer = drive, register, wishes, changer
        self.ask, self.now, self.tell, self.say = ask, now, tell, say
        self.discs: list[Burn] = []
        self.already: list[Burn] = []
        self.lost: list[Burn] = []
        self._tried: set[int] = set()
        self._slot: int | None = None
        self._used = False
        """Whether the disc in the drive is one of this run's."""

    def burn(self, job: Job, before: Burn | None) -> None:
        """Bring one image onto one disc."""
        loaded = self._find_disc(job, before)
        if loaded is None:
            return
        line = self._line(job, loaded)
        self._enter(replace(line, state=BEGUN))
        try:
            self.drive.write(job.path, self.wishes.speed, self.tell)
        except HeliographError as wrong:
            self._enter(replace(line, state=FAILED, why=wrong.message))
            raise self._so_far(wrong) from None
        except KeyboardInterrupt:
            self._enter(replace(line, state=FAILED, why="stopped by hand"))
            if self.drive.one_disc:
                self.say(f"{job.called}: stopped: the disc in {self.drive.name} is half-written; mark it as lost")
            raise
        self._enter(replace(line, state=WRITTEN))
        if self.wishes.verify:
            self._read_back(job, line)
        else:
            self.discs.append(replace(line, state=WRITTEN))
            self._used = True
            self.drive.release()

    def _find_disc(self, job: Job, before: Burn | None) -> Loaded | None:
        """A blank disc that fits; None when the disc in the drive turned out to be this very image, whole."""
        if self._used and self.drive.one_disc:
            none = f"{self.drive.name}: no blank disc there yet for {job.called}"
            self._next_disc(job, DriveWrong(none, hint="put in a blank disc and run the same command again"))
        elif self.changer is not None:
            there = self.changer.loaded()
            self._slot = there.source
            if not there.full:
                self._next_disc(
                    job, DriveWrong(f"{self.drive.name}: no disc", hint="fill the changer with blank discs")
                )
        pending = before if before is not None and before.state in (BEGUN, WRITTEN) else None
        second_copy = self.wishes.again and before is not None and before.state == VERIFIED
        # What failed once is not believed when it reads well the second time.
        failed = before is not None and before.state == FAILED
        while True:
            loaded = self.drive.look(job.path, self.tell)
            written = loaded.state in (ON_DISC, APPENDABLE)
            if written and not second_copy and not failed and begins_like(self.drive, job.path, loaded, self.tell):
                # What a drive calls readable may be less than what is there: xorriso counts up to the end of the ISO.
                if self._is_whole(job, loaded):
                    return None
                if pending is not None:
                    self._name_lost(job, pending, "the disc in the drive holds a part of it")
                    pending = None
            wrong = refusal(
                loaded,
                job.sectors,
                drive=self.drive.name,
                medium=self.wishes.medium,
                rewritable=self.wishes.rewritable,
            )
            if wrong is None:
                if pending is not None:
                    self._name_lost(job, pending, "the disc in the drive is another one")
                return loaded
            self._next_disc(job, wrong)

    def _next_disc(self, job: Job, wrong: HeliographError) -> None:
        """Have the disc changed.

        Raises:
            DriveWrong, DoesNotFit: nobody can; `wrong`, with what was done so far.
        """
        if self.changer is not None:
            self.drive.release()
            self._tried.add(self.changer.unload() or -1)
            self._slot = next_slot(self.changer.status(), self.wishes.slots, self._tried)
            if self._slot is None:
                none = f"{self.changer.device}: no further slot to look in for a blank disc for {job.called}"
                raise self._so_far(
                    DriveWrong(
                        f"{none}; the last: {wrong.message}", hint="put blank discs in, and run the same command again"
                    )
                )
            self.tell(f"load slot {self._slot}", 0, 1)
            self.changer.load(self._slot)
        elif self.ask is not None and self.drive.one_disc:
            self.drive.release()
            if not self.ask(job.called, wrong.message):
                raise self._so_far(wrong)
        else:
            raise self._so_far(wrong)
        self._used = False

    def _is_whole(self, job: Job, loaded: Loaded) -> bool:
        """Whether the disc holds this image already, whole; then it is entered as verified."""
        if compare(self.drive, job.path, job.sha256, self.tell, all_of_it=False):
            return False
        line = replace(self._line(job, loaded), state=VERIFIED, why="it was on the disc already")
        self._done(job, line)
        return True

    def _read_back(self, job: Job, line: Burn) -> None:
        wrong = compare(self.drive, job.path, job.sha256, self.tell)
        if wrong:
            self._enter(replace(line, state=FAILED, why=wrong))
            raise self._so_far(
                DriveWrong(
                    f"{job.called} in {self.drive.name} reads back otherwise than it was written: {wrong}",
                    hint="mark this disc as lost; burn again on another, at a lower --speed, or in another drive",
                    image=str(job.path),
                )
            )
        self._done(job, replace(line, state=VERIFIED))

    def _done(self, job: Job, line: Burn) -> None:
        """Enter a disc that was read back whole: byte for byte the image, it has passed its first deep test."""
        self._enter(line)
        test = measured(job.state, self.now(), deep=True, drive=line.model or line.drive, medium=self.wishes.note)
        if test is not None and self.drive.one_disc and line.state == VERIFIED:
            self.register.enter(tests=[test])
        self.discs.append(line)
        self._used = True
        self.drive.release()

    def _name_lost(self, job: Job, before: Burn, why: str) -> None:
        if not self.drive.one_disc:
            return  # a folder: what is half-written there is replaced
        what = "was written and never read back" if before.state == WRITTEN else "was interrupted"
        slot = f", slot {before.slot}" if before.slot is not None else ""
        line = replace(before, state=LOST, at=self.now(), why=f"the burn of {before.at:%Y-%m-%d %H:%M} {what}; {why}")
        self._enter(line)
        self.lost.append(line)
        self.say(
            f"{job.called}: the burn of {before.at:%Y-%m-%d %H:%M} UTC in {before.drive}{slot} {what}, and {why}: "
            "count that disc as lost, and mark it"
        )

    def _line(self, job: Job, loaded: Loaded) -> Burn:
        return Burn(
            *(job.disc, job.sha256, job.sectors, self.now(), BEGUN, self.drive.name, loaded.model, loaded.kind),
            *(loaded.product, self._slot, self.wishes.note, f"heliograph {__version__}"),
        )

    def _enter(self, line: Burn) -> None:
        enter_burn(self.register, replace(line, at=self.now()))

    def _so_far(self, wrong: HeliographError) -> HeliographError:
        """The error, with what this run has done."""
        done = ", ".join(_called(line) for line in self.discs)
        wrong.fields.update(done=[line.sha256 for line in self.discs], lost=[line.sha256 for line in self.lost])
        if not done or done in wrong.message:
            return wrong
        return type(wrong)(f"{wrong.message}; done: {done}", hint=wrong.hint, **wrong.fields)


def _called(line: Burn) -> str:
    return volume_name(*line.disc) if line.disc.set_id else line.sha256[:12]
