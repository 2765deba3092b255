"""cleanlab's Datalab, with probabilities by K folds of a small conv net (as in its tutorial on image data),
or with ours.

    python with_cleanlab.py FOLDER OUT folds K EPOCHS
    python with_cleanlab.py FOLDER OUT ours
"""

import sys
import time

import numpy as np
import torch
from answers import answer, duplicates, load, picture_paths
from cleanlab import Datalab
from datasets import Dataset, Image
from sklearn.model_selection import StratifiedKFold
from torch import nn

#: Issues of Datalab's that speak of damage to a picture (found by CleanVision); `grayscale` all are here.
PICTURE_ISSUES = ("dark", "light", "low_information", "blurry", "odd_aspect_ratio", "odd_size")

BATCH = 64


def network(classes: int) -> tuple[nn.Module, nn.Module]:
    """The tutorial's net, in two parts: up to its 128 features, and the answer from them."""
    features = nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.ReLU(),
        nn.BatchNorm2d(6),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5, bias=False),
        nn.ReLU(),
        nn.BatchNorm2d(16),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 128),
        nn.ReLU(),
    )
    return features, nn.Linear(128, classes)


def trained(pictures: torch.Tensor, labels: torch.Tensor, epochs: int) -> tuple[nn.Module, nn.Module]:
    """AdamW at its defaults, batches of 64 in the order of the data."""
    features, last = network(int(labels.max()) + 1)
    whole = nn.Sequential(features, last)
    optimizer, loss = torch.optim.AdamW(whole.parameters()), nn.CrossEntropyLoss()
    for _ in range(epochs):
        for start in range(0, len(pictures), BATCH):
            optimizer.zero_grad()
            loss(whole(pictures[start : start + BATCH]), labels[start : start + BATCH]).backward()
            optimizer.step()
    return features.eval(), last.eval()


@torch.no_grad()
def applied(module: nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    return torch.cat([module(part) for part in pictures.split(512)])


def by_folds(
    images: np.ndarray, labels: np.ndarray, folds: int, epochs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Out-of-sample probabilities, and features of all images by the first fold's net."""
    torch.manual_seed(123)
    pictures = torch.from_numpy(images[:, None].astype(np.float32) / 255)
    targets = torch.from_numpy(labels)
    probabilities = np.zeros((len(labels), int(labels.max()) + 1), np.float32)
    features = None
    for kept, left in StratifiedKFold(folds, shuffle=True, random_state=0).split(images, labels):
        described, last = trained(pictures[kept], targets[kept], epochs)
        logits = applied(nn.Sequential(described, last), pictures[left])
        probabilities[left] = torch.softmax(logits, dim=1).numpy()
        if features is None:
            features = applied(described, pictures).numpy()
    return probabilities, features


def audited(labels: np.ndarray, **given: np.ndarray) -> Datalab:
    """Datalab with all that it looks for by default, CleanVision's issues included."""
    columns = {"image": picture_paths(len(labels)), "label": labels.tolist()}
    data = Dataset.from_dict(columns).cast_column("image", Image())
    lab = Datalab(data=data, label_name="label", image_key="image", verbosity=0)
    lab.find_issues(**given)
    return lab


def main() -> None:
    images, labels, copies = load("images"), load("labels"), load("copies")
    started, features, seconds = time.perf_counter(), None, {}
    if sys.argv[3] == "ours":
        probabilities = load("probabilities")
    else:
        probabilities, features = by_folds(images, labels, int(sys.argv[4]), int(sys.argv[5]))
        seconds["folds"] = time.perf_counter() - started
    lab = audited(labels, pred_probs=probabilities, **({} if features is None else {"features": features}))
    issues = lab.get_issues()
    bad = np.zeros(len(labels), bool)
    for name in PICTURE_ISSUES:
        if f"is_{name}_issue" in issues.columns:
            bad |= issues[f"is_{name}_issue"].to_numpy(bool)
    found = {
        "label_suspect": issues["is_label_issue"].to_numpy(bool),
        "label_score": 1 - issues["label_score"].to_numpy(float),
        "bad_image": bad,
    }
    if features is not None:
        sets = lab.get_issues("near_duplicate")["near_duplicate_sets"]
        groups = [[i, *map(int, near)] for i, near in enumerate(sets) if len(near)]
        found["near_linked"], found["near_flagged"] = duplicates(groups, copies, len(labels))
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    answer({**seconds, "accuracy": accuracy}, **found)


if __name__ == "__main__":
    main()
