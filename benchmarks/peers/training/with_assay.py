"""Assay itself: the data set by its name, from the cache, its files verified; all 60,000 images, evaluated.

The job `cnn` is the very net of the peers built on torch, given to Assay as a net of one's own.
"""

from nets import net
from task import BATCH, EPOCHS, JOB, RATE

from assay import evaluate, load, train


def main() -> None:
    data = load("fashion-mnist", offline=True)
    if JOB == "mlp":
        model = train(data, "mlp", validation=0, epochs=EPOCHS)
    else:
        model = train(data, net(), validation=0, epochs=EPOCHS, batch_size=BATCH, learning_rate=RATE)
    print(evaluate(model, data).accuracy)


if __name__ == "__main__":
    main()
