"""What drives and changers say, and what follows from it: without a drive."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from rs03_discs import need
from stand_ins import MTX_FORMATS, changer

from heliograph.archive.drive import Changer, FolderDrive, Loaded, Recorder, drive_called
from heliograph.archive.drive.changer import Slot, next_slot, read_status
from heliograph.archive.drive.fits import medium_of, refusal
from heliograph.archive.drive.recorder import xorriso_speed
from heliograph.archive.drive.toc import complaint, read_devices, read_progress, read_toc, read_unreadable
from heliograph.errors import DoesNotFit, DriveWrong, UsageWrong

BLANK_BD = """\
Drive current: -outdev '/dev/sr0'
Media current: BD-R sequential recording
Media status : is blank
Media summary: 0 sessions, 0 data blocks, 0 data, 23.3g free
Drive current: -outdev '/dev/sr0'
Drive type   : vendor 'ACME    ' product 'BD-RE  X1       ' revision '1.02'
Drive id     : 'SERIAL  '
Media current: BD-R sequential recording
Media product: ABCDEF/M01/0 , A Maker of Discs
Media status : is blank
Media blocks : 0 readable , 12219392 writable , 12219392 overall
Media summary: 0 sessions, 0 data blocks, 0 data, 23.3g free
"""


def bd(state: str = "is blank", kind: str = "BD-R sequential recording", blocks: int = 12219392) -> Loaded:
    """What the same drive says with another disc in it."""
    text = BLANK_BD.replace("is blank", state).replace("BD-R sequential recording", kind)
    found = read_toc(text.replace("12219392 writable", f"{blocks} writable"))
    assert found is not None
    return found


def test_kind_state_size_maker_and_drive_are_read_from_a_table_of_contents():
    found = read_toc(BLANK_BD)

    assert found == Loaded(
        "BD-R sequential recording", "blank", 12219392, 0, "ABCDEF/M01/0", "ACME BD-RE X1 1.02", pseudo=False
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("is blank", "blank"),
        ("is written , is closed", "written"),
        ("is written , is appendable", "appendable"),
        ("is not present", "none"),
        ("is not recognizable", "none"),
        ("is unsuitable , is POW formatted", "unsuitable"),
    ],
)
def test_every_status_has_its_state(status: str, state: str):
    assert bd(status).state == state


def test_text_of_another_kind_says_nothing_of_a_disc():
    assert read_toc("libburn : FATAL : Could not open drive '/dev/sr9'") is None
    assert read_unreadable("xorriso : FAILURE : no drive") is None
    assert read_progress("Beginning to write data track.") is None


def test_devices_progress_and_unreadable_regions_are_read():
    devices = "0  -dev '/dev/sr0' rwrw-- :  'ACME    ' 'BD-RE  X1       ' \n1  -dev '/dev/sr1' rwrw-- :  'B' 'C' \n"
    regions = """\
Media checks :        lba ,       size , quality
Media region :          0 ,        992 , + good
Media region :        992 ,         32 , - unreadable
Media region :       1024 ,       9999 , 0 untested
"""

    assert [(one.path, one.model) for one in read_devices(devices)] == [
        ("/dev/sr0", "ACME BD-RE X1"),
        ("/dev/sr1", "B C"),
    ]
    assert read_unreadable(regions) == [(992, 32), (1024, 9999)]
    assert read_progress("x : UPDATE :    7 of  572 MB written\nx : UPDATE :   32 of  572 MB written (fifo 99%)") == (
        32,
        572,
    )
    assert complaint("libburn : SORRY : it burns\nxorriso : aborting : -abort_on 'FAILURE'\n") == "it burns"


@pytest.mark.parametrize(
    ("loaded", "medium", "said"),
    [
        (bd(), "", None),
        (bd(), "bd-25", None),
        (bd(), "bd-50", "expected bd-50"),
        (bd("is written , is closed"), "", "not blank (written"),
        (bd("is written , is appendable"), "", "not blank (appendable"),
        (bd("is not present", "is not recognizable"), "", "no disc that the drive can read"),
        (bd("is unsuitable , is POW formatted"), "", "the drive cannot write it as it is"),
        (bd(kind="BD-RE"), "", "can be erased, so it is not for keeping"),
        (bd("is written , is closed", "DVD-ROM"), "", "a pressed disc cannot be written"),
        (bd(blocks=2_295_104, kind="DVD+R"), "dvd", None),
    ],
)
def test_a_disc_that_does_not_serve_is_refused_in_one_line(loaded: Loaded, medium: str, said: str | None):
    wrong = refusal(loaded, 1_000_000, drive="/dev/sr0", medium=medium)

    assert (wrong is None) == (said is None)
    if wrong is not None and said is not None:
        assert isinstance(wrong, DriveWrong)
        assert wrong.message.startswith("/dev/sr0: ")
        assert said in wrong.message
        assert "\n" not in wrong.message
        assert wrong.hint


def test_a_disc_that_is_too_small_is_refused_with_what_is_over_and_an_erasable_one_taken_when_asked():
    small = refusal(bd(blocks=2_295_104, kind="DVD+R"), 2_295_105, drive="d")

    assert isinstance(small, DoesNotFit)
    assert "2,295,104 sectors free, the image takes 2,295,105: 2,048 bytes over" in small.message
    assert refusal(bd(blocks=2_295_104, kind="DVD+R"), 2_295_104, drive="d") is None
    assert refusal(bd(kind="BD-RE"), 1000, drive="d", rewritable=True) is None


@pytest.mark.parametrize(
    ("kind", "blocks", "medium"),
    [
        ("CD-R", 359_844, "cd"),
        ("DVD+R", 2_295_104, "dvd"),
        ("DVD-R sequential recording", 2_297_888, "dvd"),
        ("BD-R sequential recording", 11_826_176, "bd-25"),
        ("BD-R sequential recording", 24_438_784, "bd-50"),
        ("BD-R sequential recording", 48_878_592, "bd-100"),
        ("BD-R sequential recording", 62_500_864, "bd-128"),
        ("CD-R", 100_000, ""),
        ("HD-DVD-R", 7_000_000, ""),
    ],
)
def test_a_blank_disc_is_known_by_its_family_and_its_sectors(kind: str, blocks: int, medium: str):
    assert medium_of(bd(kind=kind, blocks=blocks)) == medium


@pytest.mark.parametrize(
    ("said", "meant"), [("4x", "4"), ("2.4 X", "2.4"), ("18MB", "18000k"), ("18 MB/s", "18000k"), ("706kB", "706k")]
)
def test_a_speed_is_said_in_the_words_of_xorriso(said: str, meant: str):
    assert xorriso_speed(said) == meant


@pytest.mark.parametrize("said", ["fast", "0x", "-4x", "4", "0MB"])
def test_what_is_no_speed_is_refused(said: str):
    with pytest.raises(UsageWrong, match="expected a multiple such as 4x"):
        xorriso_speed(said)


def test_a_door_is_known_by_how_it_is_called(tmp_path: Path):
    assert isinstance(drive_called("image:burnt", tmp_path), FolderDrive)
    assert isinstance(drive_called("/dev/sr0", tmp_path), Recorder)
    assert isinstance(drive_called("stdio:disc.bin", tmp_path), Recorder)
    for other in ("burnt", "image:", "stdio:", "", "sr0"):
        with pytest.raises(UsageWrong, match=r"expected image:DIR, stdio:FILE or a device"):
            drive_called(other, tmp_path)


def test_the_stand_in_prints_what_the_real_mtx_prints():
    """Each format string of the stand-in is one of the program of Debian."""
    need("mtx")
    binary = Path(shutil.which("mtx", path="/usr/sbin:/usr/bin:/sbin:/bin") or "mtx").read_bytes()

    for text in MTX_FORMATS.values():
        # The compiler keeps a string without its line end where puts() prints it, and `Empty` with one.
        assert text.rstrip("\n").encode() in binary, text


def test_the_real_mtx_refuses_what_is_no_changer_and_we_say_so_in_one_line(tmp_path: Path):
    need("mtx")
    for device, said in ((tmp_path / "none", "cannot open SCSI device"), (tmp_path, "cannot open|not an sg device")):
        with pytest.raises(DriveWrong, match=said) as wrong:
            Changer(str(device)).status()
        assert "\n" not in wrong.value.message
    with pytest.raises(DriveWrong, match="no such program"):
        Changer("/dev/sg0", program="no-mtx-here").status()


def test_slots_drives_tags_and_the_mailbox_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    robot = Changer(str(changer(tmp_path, monkeypatch, "bebm")))

    status = robot.status()
    assert status.drives == (Slot(0, False),)
    assert [(slot.number, slot.full, slot.tag, slot.mailbox) for slot in status.slots] == [
        (1, True, "HG0001", False),
        (2, False, "", False),
        (3, True, "HG0003", False),
        (4, True, "HG0004", True),
    ]
    assert next_slot(status, (), ()) == 1
    assert next_slot(status, (), (1,)) == 3
    assert next_slot(status, (), (1, 3)) is None
    assert next_slot(status, (4,), (1,)) == 4

    robot.load(3)
    assert robot.loaded() == Slot(0, True, "HG0003", source=3)
    with pytest.raises(DriveWrong, match=r"load 1 0: Drive 0 Full \(Storage Element 3 loaded\)"):
        robot.load(1)
    assert robot.unload() == 3
    assert robot.unload() is None
    assert [slot.full for slot in robot.status().slots] == [True, False, True, True]
    with pytest.raises(DriveWrong, match=r"no drive 1; it has 1, counted from 0"):
        Changer(robot.device, 1).status()


def test_a_drive_with_a_disc_of_unknown_origin_is_understood():
    text = "  Storage Changer /dev/sg1:1 Drives, 1 Slots ( 0 Import/Export )\n"
    text += "Data Transfer Element 0:Full (Unknown Storage Element Loaded):VolumeTag = X1     \n"
    text += "      Storage Element 1:Empty\n"

    status = read_status(text)
    assert status is not None
    assert status.drives == (Slot(0, True, "X1", source=None),)
    assert read_status("mtx: Request Sense: Long Report=yes") is None
