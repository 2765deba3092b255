import errno
import io
import os
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.decoding import splits, worker, worker_pool
from assay.data.decoding.worker_pool import Decoders, Request, worker_count
from assay.data.sources import image_dataset
from assay.workflow.load import load


def png(value, size=(4, 3)) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full(size, value, np.uint8)).save(out, "PNG")
    return out.getvalue()


def test_answers_come_in_the_order_of_requests():
    """Over several workers and many requests; paths and contents alike."""
    requests = [Request([png(10 * i + j) for j in range(3)]) for i in range(20)]
    with Decoders(2) as decoders:
        answers = list(decoders.answers(requests))
    for i, answer in enumerate(answers):
        assert answer.pixels[:, 0, 0, 0].tolist() == [10 * i, 10 * i + 1, 10 * i + 2]
        assert answer.digests.shape == (3, 32)


def test_one_bad_image_does_not_harm_the_others(tmp_path):
    """It is told with its reason, in its place."""
    (tmp_path / "good.png").write_bytes(png(7))
    items = [str(tmp_path / "good.png"), b"", str(tmp_path / "none.png"), png(9)]
    with Decoders(1) as decoders:
        (answer,) = decoders.answers([Request(items)])
    assert ["refused" in result for result in answer.outcomes] == [False, True, True, False]
    assert answer.pixels[:, 0, 0, 0].tolist() == [7, 9]


def test_images_of_another_shape_are_told_or_brought_to_it():
    """Without a rule their shape is told, without pixels; with one they are resized."""
    items = [png(1), png(2, (8, 8))]
    with Decoders(1) as decoders:
        told, resized = decoders.answers([Request(items, (4, 3, 1)), Request(items, (4, 3, 1), "stretch")])
    assert [result["shape"] for result in told.outcomes] == [[4, 3, 1], [8, 8, 1]]
    assert told.pixels.shape == (1, 4, 3, 1)
    assert resized.pixels[:, 0, 0, 0].tolist() == [1, 2]


STUBBORN = """
    import sys, time
    from assay.data.decoding import worker
    real = worker.read_picture
    def stubborn(data, *how):
        if data == b"crash":
            import os
            os.abort()
        if data == b"hang":
            time.sleep(600)
        if data == b"grab":
            bytearray(worker.MOST_MEMORY + 1)  # zeros, of which the system hands out none yet
        return real(data, *how)
    worker.read_picture = stubborn
    worker.main()
"""


def _stubborn(tmp_path, monkeypatch):
    """From now on the workers have a decoder that misbehaves on some contents."""
    fake = tmp_path / "python"
    fake.write_text(f"#!/bin/sh\nexec {sys.executable} {tmp_path / 'stubborn.py'}\n")
    fake.chmod(0o755)
    (tmp_path / "stubborn.py").write_text(textwrap.dedent(STUBBORN))
    monkeypatch.setattr(worker_pool.sys, "executable", str(fake))


@pytest.mark.parametrize("problem", [b"crash", b"hang"])
def test_a_decoder_that_crashes_or_hangs_costs_one_image(problem, tmp_path, monkeypatch):
    """It is ended, and the images with it are asked for again, one by one."""
    _stubborn(tmp_path, monkeypatch)
    with Decoders(1, seconds=2) as decoders:
        first, second = decoders.answers([Request([png(1), problem, png(3)]), Request([png(4)])])
    assert ["refused" in result for result in first.outcomes] == [False, True, False]
    assert "crashed, or did not end" in first.outcomes[1]["refused"]
    assert first.pixels[:, 0, 0, 0].tolist() == [1, 3]
    assert second.pixels[0, 0, 0, 0] == 4


def test_a_decoder_that_grabs_memory_costs_one_image(tmp_path, monkeypatch):
    """It is told so and loses that image; the process stays, and the others come back."""
    _stubborn(tmp_path, monkeypatch)
    with Decoders(1) as decoders:
        before = _children()
        first, second = decoders.answers([Request([png(1), b"grab", png(3)]), Request([png(4)])])
        assert _children() == before
    assert ["refused" in result for result in first.outcomes] == [False, True, False]
    assert first.outcomes[1]["code"] == "image-too-large"
    assert "more memory" in first.outcomes[1]["refused"]
    assert first.pixels[:, 0, 0, 0].tolist() == [1, 3]
    assert second.pixels[0, 0, 0, 0] == 4


@pytest.mark.parametrize(("refused", "code"), [("EACCES", "file-unreadable"), ("EAGAIN", "out-of-memory")])
def test_a_python_that_cannot_be_started_is_named(refused, code, tmp_path, monkeypatch):
    """Another user's Python: "out-of-memory ... Permission denied. Use a smaller --batch-size" was told."""

    def start(*_, **__):
        raise OSError(getattr(errno, refused), os.strerror(getattr(errno, refused)))

    monkeypatch.setattr(worker_pool.subprocess, "Popen", start)
    told_so = pytest.raises(AssayError, match="no process to decode images can be started")
    with told_so as told, Decoders(1) as decoders:
        list(decoders.answers([Request([png(1)])]))
    assert told.value.code == code
    assert (told.value.where == sys.executable) == (refused == "EACCES")


def _children() -> set[int]:
    """The processes that this one has started and that still run; other tests may have left some."""
    return {int(p) for p in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def test_no_worker_is_left_behind():
    """They end with the block, also when it is left early."""
    before = _children()
    with Decoders(2) as decoders:
        answers = decoders.answers(Request([png(i)]) for i in range(1000))
        next(answers)
        children = _children() - before
        answers.close()
    assert len(children) >= 2
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def _mixed_folder(root):
    """96 files of two classes: sizes, formats and modes that differ, some damaged, some with a wrong name."""
    rng = np.random.default_rng(0)
    for number in range(96):
        shape = (6 + number % 5, 9 - number % 4) + ((3,) if number % 3 else ())
        image = Image.fromarray(rng.integers(0, 256, shape, np.uint8))
        path = root / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, ("PNG", "JPEG", "BMP", "WEBP")[number % 4])
        if number % 10 == 9:
            path.write_bytes(path.read_bytes()[:50])
    return root


def test_the_number_of_workers_changes_nothing(tmp_path, monkeypatch):
    """One or four of them: the same images in the same order, facts, losses and notes (case 48)."""
    folder = _mixed_folder(tmp_path / "set")
    monkeypatch.setattr(splits, "_CHUNK", 8)
    found = []
    for count in (1, 4):
        monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / f"cache-{count}"))
        monkeypatch.setattr(image_dataset, "worker_count", lambda _, count=count: count)
        found.append(load(folder, skip_bad=True, test_fraction=0.25))
    one, four = found
    assert one == four
    assert (one.fingerprints, one.notes, one.left_out) == (four.fingerprints, four.notes, four.left_out)
    assert len(one.left_out) == 9
    for name, split in one.splits.items():
        other = four.splits[name]
        assert split.ids == other.ids
        np.testing.assert_array_equal(split.images, other.images)
        np.testing.assert_array_equal(split.original_stats, other.original_stats)
        assert split.columns.keys() == other.columns.keys()
        for column, values in split.columns.items():
            np.testing.assert_array_equal(values, other.columns[column])


def test_few_images_get_one_worker():
    """Starting a process takes as long as 500 small images."""
    assert worker_count(0) == worker_count(900) == 1
    assert worker_count(10**6) == min(len(os.sched_getaffinity(0)), 8)


def test_contents_are_read_ahead_in_order_and_never_many_bytes():
    """Small ones many at a time, a large one ends its group; an error counts nothing."""
    large, lost = bytes(worker.AHEAD), AssayError("file-missing", "x", "gone", "Look.")
    contents = [b"a", lost, b"b", large, b"c", large, b"d"]
    groups = list(worker.read_ahead(contents))
    assert [len(group) for group in groups] == [4, 2, 1]
    assert [content for group in groups for content in group] == contents
