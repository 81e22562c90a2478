"""Programs that stand in for hardware: an `mtx` with a changer of files, an `xorriso` that has bad luck.

The changer prints what mtx 1.3.12 prints; `test_drive` holds its formats against the real program's binary. Its device
is a JSON file: how many drives, which file each drive holds its disc in, and which file each slot's disc is. A blank
disc is an empty file; the file of a drive is there while a disc is in it.
"""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

MTX_FORMATS = {
    "head": "  Storage Changer %s:%d Drives, %d Slots ( %d Import/Export )\n",
    "drive": "Data Transfer Element %d:",
    "loaded": "Full (Storage Element %d Loaded)",
    "drive tag": ":VolumeTag = %s",
    "slot": "      Storage Element %d%s:%s",
    "slot tag": ":VolumeTag=%s",
    "mailbox": " IMPORT/EXPORT",
    "full": "Full ",
    "empty": "Empty",
    "load": "Loading media from Storage Element %d into drive %d...",
    "unload": "Unloading drive %d into Storage Element %d...",
    "drive full": "Drive %d Full (Storage Element %d loaded)\n",
    "drive empty": "Data Transfer Element %d is Empty\n",
    "slot full": "Storage Element %d is Already Full\n",
    "no device": "cannot open SCSI device '%s' - %m\n",
}

_MTX = """#!{python}
import json, os, sys
F = {formats!r}
device, verb, *numbers = sys.argv[2:]
numbers = [int(n) for n in numbers]
try:
    text = open(device).read()
except OSError as wrong:
    sys.exit(F["no device"].replace("%m", wrong.strerror)[:-1] % device)
state = json.loads(text)
drives, slots = state["drives"], state["slots"]
with open(device + ".log", "a") as log:
    print(verb, *numbers, file=log)
def refuse(text):
    sys.exit(text[:-1])
if verb == "status":
    sys.stdout.write(F["head"] % (device, len(drives), len(slots), sum(s["mailbox"] for s in slots)))
    for number, drive in enumerate(drives):
        tag = F["drive tag"] % drive["tag"].ljust(32) if drive["from"] and drive["tag"] else ""
        print(F["drive"] % number + (F["loaded"] % drive["from"] + tag if drive["from"] else F["empty"]))
    for number, slot in enumerate(slots, 1):
        tag = F["slot tag"] % slot["tag"].ljust(32) if slot["disc"] and slot["tag"] else ""
        print(F["slot"] % (number, F["mailbox"] * slot["mailbox"], F["full"] if slot["disc"] else F["empty"]) + tag)
elif verb == "load":
    slot, drive = slots[numbers[0] - 1], drives[numbers[1]]
    if drive["from"]:
        refuse(F["drive full"] % (numbers[1], drive["from"]))
    sys.stdout.write(F["load"] % (numbers[0], numbers[1]))
    os.rename(slot["disc"], drive["file"])
    drive["from"], drive["tag"], drive["was"], slot["disc"] = numbers[0], slot["tag"], slot["disc"], ""
    print("done")
elif verb == "unload":
    slot, drive = slots[numbers[0] - 1], drives[numbers[1]]
    if not drive["from"]:
        refuse(F["drive empty"] % numbers[1])
    if slot["disc"]:
        refuse(F["slot full"] % numbers[0])
    sys.stdout.write(F["unload"] % (numbers[1], numbers[0]))
    os.rename(drive["file"], drive["was"])
    slot["disc"], slot["tag"], drive["from"] = drive["was"], drive["tag"], 0
    print("done")
with open(device + ".new", "w") as out:
    json.dump(state, out)
os.replace(device + ".new", device)
"""

_XORRISO = """#!{python}
import os, signal, subprocess, sys
REAL = {real!r}
words = sys.argv[1:]
if "cdrecord" not in words:
    os.execv(REAL, [REAL, *words])
target = next(word for word in words if word.startswith("dev=stdio:")).partition("stdio:")[2]
{mishap}
"""


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def changer(folder: Path, monkeypatch: pytest.MonkeyPatch, discs: str) -> Path:
    """An `mtx` on the PATH, and its device: one drive, and a slot for each letter of `discs`.

    b: a blank disc; e: an empty slot; m: the mailbox, with a blank disc in it; w: a disc that is written already.
    """
    _program(folder / "bin" / "mtx", _MTX.format(python=sys.executable, formats=MTX_FORMATS))
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=":")
    slots = []
    for number, kind in enumerate(discs, 1):
        disc = folder / f"disc{number}.bin"
        if kind != "e":
            disc.write_bytes(b"written" * 9000 if kind == "w" else b"")
        slots.append({"disc": str(disc) if kind != "e" else "", "tag": f"HG{number:04d}", "mailbox": kind == "m"})
    device = folder / "changer.json"
    drives = [{"file": str(folder / "drive.bin"), "from": 0, "tag": "", "was": ""}]
    device.write_text(json.dumps({"drives": drives, "slots": slots}))
    return device


def mishap(folder: Path, monkeypatch: pytest.MonkeyPatch, real: str, lines: str) -> None:
    """An `xorriso` on the PATH that is the real one, but for burning, when it does `lines` instead.

    They know `REAL`, `words` (its arguments), and `target`, the file behind the pseudo-drive.
    """
    _program(folder / "bin" / "xorriso", _XORRISO.format(python=sys.executable, real=real, mishap=lines))
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=":")
