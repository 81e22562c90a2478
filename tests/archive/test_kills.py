"""kill -9 at random moments: the same command finishes, nothing is lost. `bench/archive_kills.py` does it longer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from archive_kills import JOBS, Job, prepare, run_job


@pytest.mark.parametrize("job", [*JOBS[:3], JOBS[-1]], ids=lambda job: job.name)
def test_what_was_killed_is_finished_by_the_same_command(tmp_path: Path, job: Job):
    """Seal, repair in place, repair to another folder, restore: three kills each, byte for byte as undisturbed."""
    prepare(tmp_path / "template", many=200)

    counts, wrong = run_job(job, tmp_path, kills=3, seed=2)

    assert counts.total() >= 3
    assert not wrong
