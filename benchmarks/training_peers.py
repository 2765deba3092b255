"""The first tutorial's job beside others: Flatten, 128 ReLU, softmax; Adam 0.001, batches of 32, 10 epochs.

    python benchmarks/training_peers.py

Each peer is a whole process, from its start to its test accuracy, on the same 60,000 images, cached; the
accuracy stands beside the seconds, to show that each one learns. The peers take turns. All are left to choose
their threads; Assay chooses one for a net so small. Assay verifies its files, the others read plain arrays.
"""

import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import sklearn

from assay import load
from measuring import conditions, write_result

ROUNDS = 3

#: Puts the data where every peer reads it.
READ = "import sys, numpy as np\nd = np.load(sys.argv[1])\n"

PEERS = {
    "assay": """
from assay import evaluate, load, train
data = load("fashion-mnist")
print(evaluate(train(data, "mlp", validation=0), data).accuracy)
""",
    "plain torch loop": READ
    + """
import torch
from torch.utils.data import DataLoader, TensorDataset
x, y = torch.from_numpy(d["x"]).float().div(255).flatten(1), torch.from_numpy(d["y"])
net = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
optimizer, criterion = torch.optim.Adam(net.parameters(), lr=1e-3), torch.nn.CrossEntropyLoss()
for _ in range(10):
    for images, labels in DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True):
        optimizer.zero_grad()
        criterion(net(images), labels).backward()
        optimizer.step()
with torch.no_grad():
    found = net(torch.from_numpy(d["xt"]).float().div(255).flatten(1)).argmax(1).numpy()
print((found == d["yt"]).mean())
""",
    "torch loop that slices tensors": READ
    + """
import torch
x, y = torch.from_numpy(d["x"]).float().div(255).flatten(1), torch.from_numpy(d["y"])
net = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
optimizer, criterion = torch.optim.Adam(net.parameters(), lr=1e-3), torch.nn.CrossEntropyLoss()
for _ in range(10):
    for rows in torch.randperm(len(x)).split(32):
        optimizer.zero_grad()
        criterion(net(x[rows]), y[rows]).backward()
        optimizer.step()
with torch.no_grad():
    found = net(torch.from_numpy(d["xt"]).float().div(255).flatten(1)).argmax(1).numpy()
print((found == d["yt"]).mean())
""",
    "scikit-learn MLPClassifier": READ
    + """
import warnings
from sklearn.neural_network import MLPClassifier
warnings.filterwarnings("ignore")  # it warns that ten epochs are few
x, xt = (d[k].reshape(len(d[k]), -1).astype(np.float32) / 255 for k in ("x", "xt"))
net = MLPClassifier((128,), batch_size=32, max_iter=10, alpha=0, n_iter_no_change=10, tol=0, random_state=0)
print((net.fit(x, d["y"]).predict(xt) == d["yt"]).mean())
""",
}


def main() -> None:
    before, data = conditions(), load("fashion-mnist")
    train, test = data.train, data.splits["test"]
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in PEERS}
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/data.npz"
        np.savez(path, x=_pixels(train), y=train.labels, xt=_pixels(test), yt=test.labels)
        for _ in range(ROUNDS):
            for name, code in PEERS.items():
                runs[name].append(_run(code, path))
    before["versions"]["scikit-learn"] = sklearn.__version__
    figures = {name: _figures(found) for name, found in runs.items()}
    write_result("training_peers", "python benchmarks/training_peers.py", before, figures)


def _pixels(split) -> np.ndarray:
    return np.concatenate(list(split.blocks()))


def _run(code: str, path: str) -> tuple[float, float]:
    """Seconds of the whole process, and the accuracy that it printed."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, path], check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - started, float(done.stdout.split()[-1])


def _figures(runs: list[tuple[float, float]]) -> dict[str, object]:
    seconds = [round(second, 1) for second, _ in runs]
    accuracies = [round(accuracy, 4) for _, accuracy in runs]
    return {"seconds": seconds, "median_seconds": statistics.median(seconds), "test_accuracy": accuracies}


if __name__ == "__main__":
    main()
