"""Reads the disc set that this file lies on: with Python 3.6 or later, and nothing else. Slow, but whole.

    python3 read_discs.py list  DISC...                which discs are here, and which files the set holds
    python3 read_discs.py check DISC...                every sector and every file; writes nothing
    python3 read_discs.py copy  DISC... --to FOLDER    the files: mended, joined, held against their SHA-256
    python3 read_discs.py mend  DISC... --to FOLDER    the images: mended, and of lost data discs the ISO image

DISC is an image file, a drive such as /dev/sr0 (on Windows \\\\.\\D:), or a folder (its *.iso, or all files). Give all:
each disc mends itself, and what it cannot mend is computed from the others, if parity discs are among them. Nothing is
overwritten. Exit status: 0 all well or brought back, 1 something lost, 2 wrong use, 3 (check) damage, can be mended."""

import argparse
import filecmp
import hashlib
import json
import struct
import sys
import tempfile
import zlib
from contextlib import suppress
from itertools import chain, product
from pathlib import Path

SECTOR, LAYERS, ZERO, COOKIE, DEAD = 2048, 255, bytes(2048), b"*dvdisaster*RS03", b"dvdisaster dead sector marker"
EXP = [1]  # powers of x in the field of 256 elements, modulo x^8 + x^7 + x^2 + x + 1, twice around; addition is XOR
while len(EXP) < 510:
    EXP.append(EXP[-1] << 1 ^ (0x187 if EXP[-1] & 128 else 0))
LOG = {value: exponent for exponent, value in enumerate(EXP[:255])}
TIMES = [bytes(EXP[LOG[a] + LOG[b]] if a and b else 0 for b in range(256)) for a in range(256)]
INVERSE = [0] + [EXP[255 - LOG[a]] for a in range(1, 256)]  # bytes.translate(TIMES[a]) multiplies many bytes at once
# Equation j of a codeword: the sum over all layers c of WEIGHT[j][c] times the byte of layer c is zero.
WEIGHT = [bytes(EXP[11 * (112 + j) * (254 - c) % 255] for c in range(LAYERS)) for j in range(170)]

def need(so, or_else):
    if not so:
        raise LookupError(or_else)

def total(terms):  # the sum of factor times bytes, over pairs of these
    value = 0
    for factor, data in terms:
        value ^= int.from_bytes(data.translate(TIMES[factor]), "little")
    return value.to_bytes(len(terms[0][1]), "little")

def solve(rows, columns):  # Gauss and Jordan: a row per column, 1 there and 0 in the others; and rows left over, all 0
    solved, rest = [], list(rows)
    for column in columns:
        for first in [row for row in rest if row[column]][:1]:  # none, if all are 0 there
            rest.remove(first)
            pivot = first.translate(TIMES[INVERSE[first[column]]])
            for part in (solved, rest):
                part[:] = [total([(1, row), (row[column], pivot)]) if row[column] else row for row in part]
            solved.append(pivot)
    return solved, rest

def lone(sums, maybe):  # wrong bytes of a codeword, half as many as sums at most: {layer: error times weight in sum 0}
    # Euclid's algorithm on z^n and the sums, as polynomials, down to half the degree. In `room` bytes after a remainder
    # stands the factor that makes it of the sums. The highest power comes first: to append a zero multiplies by z.
    room = len(sums) // 2 + 1
    low, high = (sums[::-1] + bytes(room - 1) + b"\1").lstrip(b"\0"), b"\1" + bytes(len(sums) + room)
    while 2 * (len(low) - room) > len(sums) + 1:
        low, high = sorted((low, total([(1, high), (TIMES[INVERSE[low[0]]][high[0]], low)]).lstrip(b"\0")), key=len)
    factor = low[-room:].lstrip(b"\0")  # zero at the wrong layers; the errors are the remainder by its slope (Forney)
    parts = factor, low[:-room].rjust(len(factor), b"\0"), bytes(each * (k & 1) for k, each in enumerate(factor))
    zero, value, slope = (total([(each, WEIGHT[k]) for k, each in enumerate(part)]) for part in parts)
    wrong = {c: TIMES[INVERSE[slope[c]]][value[c]] for c in maybe if not zero[c]}
    need(len(wrong) == len(factor) - 1, "too many bytes are wrong")
    return wrong

def errors(rows, bad, others, most, whole):  # in the sectors `bad`, and few of the others or few bytes there
    need(len(bad) <= most, "too many sectors are wrong")
    free, change, maybe = rows, {}, [c for c in others if c not in bad]
    for c in bad:  # from equation j + 1 take as much of equation j as frees it of layer c: alike for all j
        free = [total([(WEIGHT[1][c], one), (WEIGHT[0][c], two)]) for one, two in zip(free, free[1:])]
    left = whole and solve(free, range(LAYERS, LAYERS + SECTOR))[1]  # combined until nothing contradicts them:
    lost = bad + [c for c in maybe if left and not any(each[c] for each in left)]  # they do not see what is wrong
    need(not whole or len(lost) + len(left) >= len(rows), "fewer sectors are wrong than there are contradictions")
    if not whole:  # look for wrong bytes in each codeword
        for at, sums in enumerate(zip(*(each[LAYERS:] for each in free)), LAYERS):
            for c, value in lone(bytes(sums), maybe).items() if any(sums) else ():
                change.setdefault(c, bytearray(LAYERS + SECTOR))[at] = TIMES[INVERSE[free[0][c]]][value]
    solved, rest = solve([total([(1, row), *((row[c], change[c]) for c in change)]) for row in rows], lost)
    need(not any(any(each[LAYERS:]) for each in rest), "too many sectors are wrong")
    return {**change, **{c: solved[k] for k, c in enumerate(lost)}}

class Image:  # of a disc; it is read once, from end to end, and then gives its sectors as they were sealed
    # RS03 is 255 layers of `rows` sectors; row r is the r-th of each: n of data (ISO, header), 1 of CRCs, m of parity.
    def __init__(self, path, thorough):
        self.path, self.file = path, path.open("rb", buffering=0)
        self.end = self.file.seek(0, 2) // SECTOR
        self.fixed, self.gone, self.kept = {}, {}, {}  # mended sectors; by row: lost ones, CRCs of the next row
        self.iso, self.n, self.m, self.rows = self.find_layout()
        # Each row needs the CRCs that the one before keeps: begin behind a whole one. If none is, mend the first twice.
        start = next((r for r in range(self.rows) if self.keep(r, self.raw(self.n * self.rows + r))), -1)
        for step in range(1, self.rows + 2 if self.rows else 0):
            self.mend((start + step) % self.rows, thorough)

    def raw(self, at):  # mended, or as it stands there; zeros for what cannot be read, or is cut off
        with suppress(OSError):  # so a drive says that it cannot read a sector
            self.file.seek(at * SECTOR)
            return self.fixed.get(at) or (self.file.read(SECTOR) * (at < self.end)).ljust(SECTOR, b"\0")
        return self.fixed.get(at, ZERO)

    def sector(self, at):  # as it was sealed, or None
        return None if at in self.gone.get(at % (self.rows or 1), ()) else self.raw(at)

    def find_layout(self):  # from the header behind the ISO; else any header or CRC sector; else the code
        said = struct.unpack_from("<I", self.raw(16), 80)[0]  # where the volume descriptor says that the ISO ends
        for at in chain([said], range(self.end), self.by_code() if said != self.end else ()):
            data = self.raw(at) + self.raw(at + 1)
            for k, size, own, form in (0, 4096, 96, "<20x16s32xqii36xq"), (1024, 2048, 1120, "<1056x16s16xq4xii4xq"):
                if data.startswith(COOKIE, k) and self.vouched(data[:size], own):
                    sixteen, iso, n, m, rows = struct.unpack_from(form, data)  # an image in a file names another one
                    mine = LAYERS * rows >= self.end or sixteen == hashlib.md5(self.raw(16)).digest()
                    fits = n + m == LAYERS and 8 <= m <= 170 and 16 < iso < (n - 1) * rows
                    if fits and mine and LAYERS * rows <= 4 * self.end and (iso in (at, said) or at // rows == n - 1):
                        return iso, n - 1, m, rows
        need(said == self.end > 0, "not a disc of such a set, or damaged past recognition")
        return said, 0, 0, 0  # an ISO image alone, as `mend` computes it: only SHA-256 tells whether it is whole

    def by_code(self):  # CRC sectors of rows that are mended as if so many equations held as seem to
        rows = self.end // LAYERS
        for row in sorted({(rows - 1) * part // 8 for part in range(9) if rows}):
            sectors = [self.raw(c * rows + row) for c in range(LAYERS)]
            sums = [total([*zip(each, sectors)]) + bytes(k == j for k in range(170)) for j, each in enumerate(WEIGHT)]
            idle = {len(each.rstrip(b"\0")) - SECTOR for each in solve(sums, range(SECTOR))[1]}  # sums of those before
            for m in sorted(idle - {each - 1 for each in idle}):  # after the last of them comes one that is not
                self.n, self.m, self.rows, self.fixed, self.gone = 254 - m, m, rows, {}, {}
                self.mend(row, True)
                yield self.n * rows + row

    def vouched(self, data, at):  # whether data matches the CRC at byte `at` of it, taken with 0x4c5047 in its place
        return zlib.crc32(data[:at] + b"GPL\0" + data[at + 4 :]) ^ 0xFFFFFFFF == struct.unpack_from("<I", data, at)[0]

    def keep(self, row, data):  # note the CRCs in this CRC sector; whether it is whole
        whole = data[1100:1120] == struct.pack("<ii4xq", self.n + 1, self.m, self.rows) and self.vouched(data, 1120)
        if whole:
            self.kept[row] = [each ^ 0xFFFFFFFF for each in struct.unpack_from(f"<{self.n}I", data)]
        return whole

    def mend(self, row, thorough):  # a row, parity only if thorough; believed if every CRC and spare equation agrees
        n, m, wanted = self.n, self.m, self.kept.get((row - 1) % self.rows)
        sectors = [self.raw(c * self.rows + row) for c in range(LAYERS)]
        others = [c for c in range(n) if not wanted or zlib.crc32(sectors[c]) != wanted[c]]
        others += [n] * (not self.keep(row, sectors[n])) + list(range(n + 1, LAYERS))  # those that nothing vouches for
        if others[0] > n and not thorough:
            return None
        empty = [c for c in others if not any(sectors[c]) or sectors[c].startswith(DEAD)]  # what cannot be read, too
        known = [c for c in others if c == n or (wanted if c < n else others[0] > n or c in empty)]
        rows = [WEIGHT[j] + total([(WEIGHT[j][c], sectors[c]) for c in range(LAYERS)]) for j in range(m)]
        guesses = dict.fromkeys(map(tuple, (known, sorted({*known, *empty}), empty)))  # which are bad as a whole
        for bad, whole in product(guesses, (True, False) if wanted else (False, True)):  # no CRCs: the nearest first
            with suppress(LookupError):  # without CRCs one equation at least must be left over, or any would be right
                change = errors(rows, [*bad], others, m if wanted else m - 1, whole)
                mended = {c: total([(1, sectors[c]), (1, change[c][LAYERS:])]) for c in change}
                right = not wanted or all(zlib.crc32(mended.get(c, sectors[c])) == wanted[c] for c in others if c < n)
                if right and self.keep(row, mended.get(n, sectors[n])):
                    self.fixed.update((c * self.rows + row, mended[c]) for c in mended if mended[c] != sectors[c])
                    return self.gone.pop(row, None)
        self.gone[row] = {c * self.rows + row for c in others}

def tree(read, room):  # first sector and bytes of every file of an ISO 9660 image, by its full (Rock Ridge) name
    files, folders = {}, [("", *struct.unpack_from("<I4xI", read(16), 158))]  # the root stands in the volume descriptor
    for path, start, size in folders:  # which grow on the way
        for sector in range(start, start - (-size // SECTOR)):
            room, data = room - 1, read(sector)
            while data and data[0]:  # no record goes over the end of a sector; zeros fill it up
                record, data = data[: data[0]], data[data[0] :]
                name, rest = b"", [record[33 + (record[32] | 1) :]]
                for k in range(9):  # the name is that of the NM entries; a CE entry says where they go on
                    entries = b"".join(rest[k : k + 1])
                    while len(entries) >= 4 and entries[2] >= 4:
                        if entries[:2] == b"NM":
                            name += entries[5 : entries[2]]
                        elif entries[:2] == b"CE":
                            at, offset, length = struct.unpack_from("<I4xI4xI", entries, 4)
                            rest.append(read(at)[offset : offset + length])
                        entries = entries[entries[2] :]
                name, (at, length) = path + name.decode("utf-8"), struct.unpack_from("<I4xI", record, 2)
                if record[25] & 2 and record[33 : 33 + record[32]] not in (b"\0", b"\1"):  # itself, and the one above
                    folders.append((name + "/", at, length))
                elif not record[25] & 2:  # a file above 4 GB has several records; its bytes are one run all the same
                    files[name] = files.get(name, (at,))[0], length + files.get(name, (0, 0))[1]
                    room += -length // SECTOR
            need(room >= 0 and len(path) <= 16384, "its folders tell of more than the disc has room for")
    return files

def run(places, sha256=None):  # the bytes of a file; places are (what reads a sector, first sector, bytes)
    digest = hashlib.sha256()
    for read, start, size in places:
        for at in range(0, size, SECTOR):
            data = read(start + at // SECTOR)[: size - at]
            digest.update(data)
            yield data
    need(sha256 in (None, digest.hexdigest()), "its bytes do not match its SHA-256")

def save(parts, target, to):  # write a file below the folder `to`: whole or not at all, and never over another
    need(to.resolve() in target.resolve().parents, "a link leads out of the folder")
    (target.parent if parts else target).mkdir(parents=True, exist_ok=True)
    if parts:  # else it is a folder
        with tempfile.TemporaryDirectory(dir=str(to)) as aside:
            with Path(aside, "partial").open("wb") as out:
                out.writelines(parts)
            need(not target.exists() or filecmp.cmp(out.name, target, False), "another file has this name already")
            Path(out.name).replace(target)

class DiscSet:  # the discs of one set that are here; those that are not are computed, as far as parity discs reach
    def __init__(self, paths, thorough):
        self.sums, self.trees, self.parity_at, found, texts = {}, {}, {}, {}, set()
        for path in paths:
            try:
                image = Image(path, thorough)
                found.setdefault(image.sector(16)[40:72].decode().strip(), []).append(image)  # by volume name
                texts.add(b"".join(run([(image.sector, *tree(image.sector, image.iso)["index.json"])])))
            except Exception as wrong:
                print(f"{path}: of no use by itself: {wrong!r}")
        if len(texts) != 1:
            raise SystemExit(f"discs of {len(texts) or 'no'} sets are here: give images, drives, or folders of one set")
        index = json.loads(texts.pop().decode())
        self.id, self.folders, beside = index["set_id"], index["folders"], index.get("beside", {}).items()
        self.locked = [(name, str(sha256)) for name, sha256 in beside if name.endswith(".age")]  # keys and names
        self.files = [(f["path"], int(f["bytes"]), str(f["sha256"]), [*map(dict, f["pieces"])]) for f in index["files"]]
        names = {part for name in [file[0] for file in self.files] + self.folders for part in name.split("/")}
        need(index["format"] == "heliograph-disc-set/1", "a format that is not known here")
        need(not {"", ".", ".."} & names, "a name leads out of the folder")
        self.data = [disc["name"] for disc in index["discs"] if disc["kind"] == "data" and disc["name"].isalnum()]
        self.parity = [disc["name"] for disc in index["discs"] if disc["kind"] == "parity" and disc["name"].isalnum()]
        self.images = {disc: found.get(f"{self.id}_{disc}", []) for disc in self.data + self.parity}
        self.sizes = {disc: images[0].iso for disc, images in self.images.items() if images}  # of the ISO, in sectors
        for p, disc in enumerate(self.parity):  # they know the length and SHA-256 of the ISO image of each data disc
            with suppress(Exception):  # what is lost on one may stand on another
                _, self.parity_at[disc], size = self.place(disc, f"data/PARITY-{p + 1}.bin")
                for d in json.loads(b"".join(run([self.place(disc, "images.json")])).decode()):
                    self.sizes[d["disc"]], self.sums[d["disc"]] = min(d["iso_bytes"], size) // SECTOR, str(d["sha256"])

    def place(self, disc, path):  # where a file of a disc stands, as `run` wants it; once, so that no two files are one
        if disc not in self.trees:
            self.trees[disc] = tree(lambda at: self.sector(disc, at), self.sizes.get(disc, 0))
        return (lambda at: self.sector(disc, at), *self.trees[disc].pop(path))

    def own(self, disc, number):  # a sector of a disc that is here, or None; zeros past the end of its ISO image
        inside = number < self.sizes.get(disc, number + 1)
        sectors = (image.sector(number) for image in self.images[disc]) if inside else [ZERO]
        return next((each for each in sectors if each is not None), None)

    def sector(self, disc, number):  # of any disc; parity disc p has the sums of (255 ^ i) / (255 - p ^ i) times disc i
        mine = self.own(disc, number)
        if mine is not None:
            return mine
        known = {each: self.own(each, number) for each in self.data}
        lost, equations = [each for each in known if known[each] is None], []
        for p, each in enumerate(self.parity if disc in lost else []):
            sums = self.own(each, self.parity_at[each] + number) if each in self.parity_at else None
            if sums is not None:
                factors = {each: TIMES[255 ^ i][INVERSE[255 - p ^ i]] for i, each in enumerate(self.data)}
                terms = [(1, sums)] + [(factors[each], known[each]) for each in known if each not in lost]
                equations.append(bytes(factors[each] for each in lost) + total(terms))
        what = f"sector {number} of {sorted({disc, *lost})} is lost; parity replaces {len(equations)}"
        need(disc in lost and len(equations) >= len(lost), what)
        return solve(equations, range(len(lost)))[0][lost.index(disc)][len(lost) :]

def main():
    sys.excepthook = lambda kind, wrong, trace: sys.stderr.write(f"these discs are not as they should be: {wrong!r}\n")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["list", "check", "copy", "mend"])
    parser.add_argument("disc", nargs="+", type=Path)
    parser.add_argument("--to", type=Path)
    wish = parser.parse_args()
    if (wish.what in ("copy", "mend")) != bool(wish.to):
        parser.error("copy and mend need --to FOLDER, and only they")
    sys.stdout = type(sys.stdout)(sys.stdout.buffer, sys.stdout.encoding, "backslashreplace")
    found = [sorted(path.glob("*.iso")) or sorted(path.iterdir()) if path.is_dir() else [path] for path in wish.disc]
    discs = DiscSet([each for some in found for each in some if not each.is_dir()], wish.what in ("check", "mend"))
    tasks, lost = [(folder, None) for folder in discs.folders if wish.what == "copy"], 0
    for disc, images in discs.images.items():
        for it in images or [None]:
            print(disc, f"{it.path}: {len(it.fixed)} sectors mended, {len(it.gone)} rows lost" if it else "is not here")
        it = next((each for each in images if not each.gone), None)
        if wish.what == "mend" and (images or disc in discs.sums):
            size = (LAYERS * it.rows or it.end) if it else discs.sizes[disc]
            place = (it.sector if it else lambda at, disc=disc: discs.sector(disc, at), 0, size * SECTOR)
            tasks.append((f"{discs.id}-{disc}.iso", run([place], None if it else discs.sums.get(disc, "unknown"))))
    for path, size, sha256, pieces in discs.files if wish.what != "mend" else []:
        line = f"{size:15,} {path!r} ({', '.join(str(each.get('disc')) for each in pieces)})"
        places = (discs.place(each["disc"], each["path"]) for each in pieces if each["bytes"])
        print(line) if wish.what == "list" else tasks.append((path, run(places, sha256)))
    for path, sha256 in discs.locked if wish.what in ("check", "copy") else []:
        tasks.append((path, run(map(discs.place, [d for d in discs.images if discs.images[d]][:1], [path]), sha256)))
    for name, parts in tasks:
        try:
            save(parts, wish.to / name, wish.to) if wish.to else sum(map(len, parts))
        except Exception as wrong:
            lost += 1
            print(f"{name!r}: {wrong!r}")
    print(f"{len(tasks) - lost} of {len(tasks)} whole" * bool(tasks), "encrypted: see README.txt" * bool(discs.locked))
    hurt = any(not images or any(it.fixed or it.gone for it in images) for images in discs.images.values())
    return 1 if lost else 3 if hurt and wish.what == "check" else 0

if __name__ == "__main__":
    sys.exit(main())
