"""Assay itself: the data set by its name, from the cache, its files verified; all 60,000 images, evaluated.

The job `cnn` is its own net of that name with other options, trained as the job says.
"""

from task import BATCH, CHANNELS, EPOCHS, JOB, RATE, UNITS

from assay import evaluate, load, train

#: From Assay's recipe `cnn` to the plain training of the job.
PLAIN = {
    "normalizer": "minmax",
    "initialization": "glorot",
    "least_steps": 0,
    "learning_rate": RATE,
    "batch_size": BATCH,
    "beta2": 0.999,
    "weight_decay": 0.0,
    "schedule": "constant",
    "warm_up": 0.0,
    "label_smoothing": 0.0,
    "mirror": False,
    "mirror_averaging": False,
    "selection": 1.0,
    "members": 1,
    "reference": 0.0,
    "unshuffle": 1,
    "channels": CHANNELS,
    "pool_after": (1, 2),
    "hidden": UNITS,
    "batch_norm_momentum": 0.1,
}


def main() -> None:
    data = load("fashion-mnist", offline=True)
    settings = {"epochs": EPOCHS} | (PLAIN if JOB == "cnn" else {})
    model = train(data, JOB, validation=0, recipe=settings)
    print(evaluate(model, data).accuracy)


if __name__ == "__main__":
    main()
