"""CleanVision, DataEval and cleanlab on the very pictures that benchmarks/truth.py plants.

    python benchmarks/truth_peers.py [ENVIRONMENTS] [--draws N] [--stamps FOLDER] [--only SET]

ENVIRONMENTS: a folder with a virtual environment for each peer, by its name in small letters (`cleanvision`,
`dataeval`, `cleanlab`); a peer without one is left out, and the result says so. Each runs at its defaults.
cleanlab judges features, not pictures: it is given those of Assay's reference. A copy is found where a group
of exact or near copies has it and its source. Any issue but "grayscale" counts as a bad or strange picture.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import truth_sets
from assay.features.hand_made import describe
from measuring import conditions, write_result
from truth import Table, added
from truth_planted import Damaged, with_copies, with_damages, with_exposures, with_strangers
from truth_sets import SETS, labelled

SCRIPTS = Path(__file__).parent / "peers"
PEERS = ("CleanVision", "DataEval", "cleanlab")

#: Family of faults -> what a peer must say of a picture. Copies are asked by pairs.
ASKED = {"damages": "bad", "exposures": "bad", "strangers": "strange"}


def planted(name: str, images: np.ndarray, labels: np.ndarray, draws: int) -> dict[str, Any]:
    """All that is shown: the clean set, and each family of each draw."""
    shown: dict[str, Any] = {"clean": Damaged(images, {})}
    for draw in range(draws):
        shown[f"copies {draw}"] = with_copies(images, labels, draw)
        shown[f"damages {draw}"] = with_damages(images, draw)
        shown[f"exposures {draw}"] = with_exposures(images, draw)
        shown[f"strangers {draw}"] = with_strangers(name, images, draw)
    return shown


def answers(shown: dict[str, Any], pythons: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Peer -> what was shown -> its arrays."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, given in shown.items():
            split = labelled(given.images, np.zeros(len(given.images), np.int64)).train
            features = describe(split, np.arange(len(split)))
            np.savez(folder / f"{what}.npz", images=given.images, features=features)
        found: dict[str, dict[str, Any]] = {}
        for peer, python in pythons.items():
            script = SCRIPTS / f"planted_{peer.lower()}.py"
            subprocess.run([python, "-W", "ignore", script, folder], check=True, capture_output=True)
            found[peer] = {}
            for what in shown:
                answer = folder / f"{what}.{peer}.npz"
                with np.load(answer) as arrays:
                    found[peer][what] = dict(arrays)
                answer.unlink()  # the next peer asks for every file
    return found


def counted(shown: dict[str, Any], found: dict[str, Any], draws: int) -> dict[str, Any]:
    """The row of one peer on one set, in the shape of truth.py's."""
    clean = found["clean"]
    row: dict[str, Any] = {"clean": {"copies": _later_members(clean["groups"])}}
    row["copies"] = added([_paired(shown[f"copies {d}"], found[f"copies {d}"]) for d in range(draws)])
    for family, word in ASKED.items():
        if word in clean:
            row["clean"][word] = int(clean[word].sum())
            tables = [_flagged(shown[f"{family} {d}"], found[f"{family} {d}"][word]) for d in range(draws)]
            row[family] = added(tables)
    return row


def _later_members(groups: np.ndarray) -> int:
    """Pictures that are grouped with an earlier one, as truth.py counts false pairs."""
    later = [image for number, image in groups if image != groups[groups[:, 0] == number, 1].min()]
    return len(set(later))


def _paired(given: Any, found: dict[str, np.ndarray]) -> Table:
    member: dict[int, set[int]] = {}
    for number, image in found["groups"].tolist():
        member.setdefault(image, set()).add(number)
    return {
        kind: [sum(bool(member.get(a, set()) & member.get(b, set())) for a, b in pairs.tolist()), len(pairs)]
        for kind, pairs in given.kinds.items()
    }


def _flagged(given: Damaged, flagged: np.ndarray) -> Table:
    return {kind: [int(flagged[rows].sum()), len(rows)] for kind, rows in given.kinds.items()}


def versions(pythons: dict[str, Path]) -> dict[str, str]:
    """Peer -> its version."""
    ask = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    return {
        peer: subprocess.run(
            [python, "-c", ask, peer.lower()], check=True, capture_output=True, text=True
        ).stdout.strip()
        for peer, python in pythons.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environments", type=Path)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--stamps", type=Path, default=truth_sets.STAMPS)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    truth_sets.STAMPS = asked.stamps
    places = {peer: asked.environments / peer.lower() / "bin" / "python" for peer in PEERS}
    pythons = {peer: python for peer, python in places.items() if python.exists()}
    before, sets = conditions(), {}
    for name, (maker, half, side) in SETS["judging"].items():
        if asked.only not in name or (name.startswith("stamps") and not asked.stamps.is_dir()):
            continue
        images, labels = maker(half, side)
        shown = planted(name, images, labels, asked.draws)
        found = answers(shown, pythons)
        sets[name] = {peer: counted(shown, found[peer], asked.draws) for peer in pythons}
        print(name, sets[name], file=sys.stderr, flush=True)
    figures = {"draws": asked.draws, "versions": versions(pythons), "judging": sets}
    figures["not run"] = [peer for peer in PEERS if peer not in pythons]
    if not asked.only:
        command = f"python benchmarks/truth_peers.py ENVIRONMENTS --draws {asked.draws}"
        write_result("truth_peers", command, before, figures)


if __name__ == "__main__":
    main()
