import io
import os
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data import decode_worker, decoding
from assay.data.decoding import Decoders, Request, worker_count


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
    from assay.data import decode_worker
    real = decode_worker.read_picture
    def stubborn(data):
        if data == b"crash":
            import os
            os.abort()
        if data == b"hang":
            time.sleep(600)
        return real(data)
    decode_worker.read_picture = stubborn
    decode_worker.main()
"""


@pytest.mark.parametrize("problem", [b"crash", b"hang"])
def test_a_decoder_that_crashes_or_hangs_costs_one_image(problem, tmp_path, monkeypatch):
    """It is ended, and the images with it are asked for again, one by one."""
    fake = tmp_path / "python"
    fake.write_text(f"#!/bin/sh\nexec {sys.executable} {tmp_path / 'stubborn.py'}\n")
    fake.chmod(0o755)
    (tmp_path / "stubborn.py").write_text(textwrap.dedent(STUBBORN))
    monkeypatch.setattr(decoding.sys, "executable", str(fake))
    with Decoders(1, seconds=2) as decoders:
        first, second = decoders.answers([Request([png(1), problem, png(3)]), Request([png(4)])])
    assert ["refused" in result for result in first.outcomes] == [False, True, False]
    assert "crashed, or did not end" in first.outcomes[1]["refused"]
    assert first.pixels[:, 0, 0, 0].tolist() == [1, 3]
    assert second.pixels[0, 0, 0, 0] == 4


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


def test_few_images_get_one_worker():
    """Starting a process takes as long as 500 small images."""
    assert worker_count(0) == worker_count(900) == 1
    assert worker_count(10**6) == min(len(os.sched_getaffinity(0)), 8)


def test_contents_are_read_ahead_in_order_and_never_many_bytes():
    """Small ones many at a time, a large one ends its group; an error counts nothing."""
    large, lost = bytes(decode_worker.AHEAD), AssayError("file-missing", "x", "gone", "Look.")
    contents = [b"a", lost, b"b", large, b"c", large, b"d"]
    groups = list(decode_worker.read_ahead(contents))
    assert [len(group) for group in groups] == [4, 2, 1]
    assert [content for group in groups for content in group] == contents
