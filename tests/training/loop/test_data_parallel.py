"""Several processes teach one net as one would: the same images, and up to rounding the same gradients."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.training.loop.data_parallel import Workers
from assay.training.place import Place, check_workers, given_place
from assay.training.recipes import read_recipe

WORKERS, JOB = 3, Path(__file__).with_name("parallel_job.py")

#: What sums in another order may differ by, as a share of the largest value of its kind.
ROUNDING = 2e-5

Found = Callable[[str, int], dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def job() -> ModuleType:
    spec = importlib.util.spec_from_file_location("parallel_job", JOB)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, job: ModuleType) -> Found:
    """What each case gave in each of the processes, all of which are run once."""
    folder = tmp_path_factory.mktemp("together")
    for name in ("norm", "hardest"):
        (folder / name).mkdir()
    variables = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"}
    processes = [
        subprocess.Popen(
            [sys.executable, str(JOB), str(rank), str(WORKERS), str(folder)],
            stderr=subprocess.PIPE,
            text=True,
            env=variables,
        )
        for rank in range(WORKERS)
    ]
    try:
        told = [process.communicate(timeout=300)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * WORKERS, "\n".join(told)
    assert not "".join(told), "torch warned"

    def give(case: str, rank: int) -> dict[str, np.ndarray]:
        with np.load(folder / f"{case}-{rank}.npz") as arrays:
            return dict(arrays)

    return give


@pytest.mark.parametrize("name", ["plain", "norm", "mixed"])
def test_each_image_is_seen_once_in_the_order_of_one_process(
    job: ModuleType, found: Found, name: str
) -> None:
    """The parts side by side are the batches of one process, changed as there; of the last one gets none."""
    alone = job.first_epoch(name, Place())
    together = [found(f"first-{name}", rank) for rank in range(WORKERS)]
    steps = sum(key.startswith("rows") for key in alone)
    shares = [[len(ours[f"seen {step}"]) for ours in together] for step in range(steps)]
    assert shares == [[6, 5, 5]] * 3 + [[1, 1, 0]]
    for step in range(steps):
        for key in ("seen", "images"):
            parts = np.concatenate([ours[f"{key} {step}"] for ours in together])
            assert np.array_equal(parts, alone[f"{key} {step}"])
    seen = np.concatenate([ours[f"seen {step}"] for ours in together for step in range(steps)])
    assert sorted(seen) == sorted(np.concatenate([alone[f"rows {step}"] for step in range(steps)]))


@pytest.mark.parametrize("name", ["plain", "norm", "mixed"])
def test_gradients_are_those_of_one_process(job: ModuleType, found: Found, name: str) -> None:
    """Of every batch, the smallest too: loss, logits, gradients and running statistics differ from those of
    one process by rounding, and between the processes not at all."""
    alone, first = job.first_epoch(name, Place()), found(f"first-{name}", 0)
    gradients = [key for key in alone if key.startswith("gradient")]
    largest = max(np.abs(alone[key]).max() for key in gradients)
    assert len(gradients) >= 4 * 4
    for key in gradients:
        # Batch norm of two images takes nearly equal numbers from each other: little is left of them.
        room = ROUNDING * (10 if key.endswith(" 3") else 1)
        assert np.abs(alone[key] - first[key]).max() < room * largest, key
    for key in (key for key in alone if key.startswith(("loss", "logits", "buffer"))):
        np.testing.assert_allclose(first[key], alone[key], rtol=ROUNDING, atol=ROUNDING, err_msg=key)
    for other in (found(f"first-{name}", rank) for rank in range(1, WORKERS)):
        same = [key for key in alone if not key.startswith(("seen", "images"))]
        assert all(np.array_equal(first[key], other[key]) for key in same)


@pytest.mark.parametrize("name", ["plain", "norm", "mixed", "ensemble", "hardest"])
def test_every_process_ends_with_the_same_model(job: ModuleType, found: Found, name: str) -> None:
    """To the bit, history included, and the history is that of one process as far as rounding lets it."""
    results = [found(f"whole-{name}", rank) for rank in range(WORKERS)]
    assert all(str(r["digest"]) == str(results[0]["digest"]) for r in results)
    assert all(str(r["history"]) == str(results[0]["history"]) for r in results)
    if name in (
        "plain",
        "hardest",
    ):  # batch norm makes gradients that are zero but for rounding; Adam does not
        ours, alone = (
            np.array([epoch["train_loss"] for epoch in job.json.loads(str(each["history"]))])
            for each in (results[0], job.whole(name, Place()))
        )
        np.testing.assert_allclose(ours, alone, rtol=1e-4)


@pytest.mark.parametrize("name", ["norm", "hardest"])
def test_a_stop_that_one_asks_for_stops_all_and_is_gone_on_from(
    job: ModuleType, found: Found, name: str
) -> None:
    """All stop after the same step, in the middle of an epoch, and the end has the bits of no stop."""
    results = [found(f"stopped-{name}", rank) for rank in range(WORKERS)]
    assert [int(r["steps"]) for r in results] == [job.STOP] * WORKERS
    undisturbed = found(f"whole-{name}", 0)
    for result in results:
        assert str(result["digest"]) == str(undisturbed["digest"])
        assert str(result["history"]) == str(undisturbed["history"])


def test_a_net_of_the_users_own(found: Found) -> None:
    """It may draw, and a weight may have an effect on the part of one process alone."""
    assert len({str(found("own", rank)["digest"]) for rank in range(WORKERS)}) == 1


def test_a_batch_must_reach_for_all(found: Found) -> None:
    """More workers than images in a batch are refused in each."""
    for rank in range(WORKERS):
        result = found("too-many", rank)
        assert str(result["code"]) == "bad-value" and "3 workers share batches of 2" in str(result["text"])


def test_a_net_that_looks_at_the_whole_batch_is_refused(found: Found) -> None:
    """Batch norm in a net of the user's own: each part would have its own statistics."""
    for rank in range(WORKERS):
        result = found("own-norm", rank)
        assert str(result["code"]) == "net-refused" and "depends on the others" in str(result["text"])


def test_a_net_that_may_not_take_an_empty_batch_is_given_none(found: Found) -> None:
    """Of a user's net nobody knows what it makes of no images."""
    for rank in range(WORKERS):
        result = found("own-last", rank)
        assert str(result["code"]) == "net-refused" and "has 2 images for 3 workers" in str(result["text"])


def test_processes_that_were_given_other_things(found: Found) -> None:
    """The one that differs from the first says in what; the others that they lost it."""
    codes = [str(found("other-seed", rank)["code"]) for rank in range(WORKERS)]
    assert codes == ["worker-lost", "worker-lost", "workers-differ"]
    assert "seed: 3 then, 4 now" in str(found("other-seed", WORKERS - 1)["text"])


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("rows", [0, 1, 4, 5, 16, 17])
def test_parts_are_neighbors_and_cover_all(count: int, rows: int) -> None:
    """Every row once, in order; none has two more than another; a smaller batch gives nobody more."""
    parts = [list(range(rows))[Workers(rank, count).part(rows)] for rank in range(count)]
    assert [row for part in parts for row in part] == list(range(rows))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    larger = [Workers(rank, count).part(rows + 1) for rank in range(count)]
    assert all(size <= part.stop - part.start for size, part in zip(sizes, larger, strict=True))


def test_the_place_that_torchrun_gives() -> None:
    """Alone unless the environment says otherwise in full."""
    address = {"MASTER_ADDR": "localhost", "MASTER_PORT": "29500"}
    assert given_place({}).count == given_place({"WORLD_SIZE": "1"}).count == 1
    place = given_place(
        {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", **address}
    )
    assert (place.rank, place.count, place.local_rank, place.local_count) == (1, 4, 1, 2)
    assert place.rendezvous is None


@pytest.mark.parametrize(
    "variables",
    [
        {"WORLD_SIZE": "2"},
        {"WORLD_SIZE": "2", "RANK": "0"},
        {"WORLD_SIZE": "2", "RANK": "2", "MASTER_ADDR": "a", "MASTER_PORT": "1"},
        {"WORLD_SIZE": "2", "RANK": "-1", "MASTER_ADDR": "a", "MASTER_PORT": "1"},
        {"WORLD_SIZE": "two"},
        {"WORLD_SIZE": "9" * 5000},
        *(
            {"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "29500", **wrong}
            for wrong in (
                *({"MASTER_PORT": port} for port in ("65536", "abc", "-1", "0", "9" * 5000)),
                *({"MASTER_ADDR": host} for host in ("a b", "a\nb", "x" * 300, "no.such.machine.invalid")),
                {"LOCAL_RANK": "2", "LOCAL_WORLD_SIZE": "2"},
                {"LOCAL_WORLD_SIZE": "0"},
                {"LOCAL_WORLD_SIZE": "3"},
                *({"ASSAY_RENDEZVOUS": path} for path in ("/nowhere/file", "/dev/null", "/", "a\0b")),
            )
        ),
    ],
)
def test_half_a_place_is_refused(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody meant several processes: training alone would be another run. What leads nowhere was waited
    for, for days."""
    monkeypatch.setattr("assay.training.place._NAMING_SECONDS", 0)
    with pytest.raises(AssayError) as caught:
        given_place(variables)
    assert caught.value.code == "bad-value" and len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["majority", "nearest-mean", "reference", "pretrained"])
def test_what_is_fitted_at_once_has_one_worker(name: str) -> None:
    """One line, and it names the recipe."""
    check_workers(read_recipe(name), 1)
    with pytest.raises(AssayError, match=rf"--workers: {name} is fitted at once"):
        check_workers(read_recipe(name), 2)
