# %% [markdown]
# # Your own probabilities
# A model that Assay did not train: its out-of-sample probabilities judge the labels, and its answers on the
# test images get the whole evaluation.

# %%
import numpy as np

import assay

data = assay.load("fashion-mnist-sample")
rows = {name: split.images.reshape(len(split), -1) / 255 for name, split in data.splits.items()}


# %% A model of your own: here the distance to the mean of each class, cross-validated in five parts
def probabilities(train, labels, images):
    means = np.stack([train[labels == label].mean(axis=0) for label in range(len(data.classes))])
    scores = -((images[:, None] - means) ** 2).sum(axis=2) / 10
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


labels, part = data.train.labels, np.arange(len(data.train)) % 5
held_out = np.empty((len(labels), len(data.classes)))
for k in range(5):
    held_out[part == k] = probabilities(rows["train"][part != k], labels[part != k], rows["train"][part == k])

# %% Which labels does it dispute?
audit = assay.audit(data, pred_probs=held_out, checks=["identity", "leakage", "label-errors"])
print(audit.findings["label-errors"].summary)

# %% The whole evaluation of its answers; with out="runs/mine" also a report, for assay.compare
answers = probabilities(rows["train"], labels, rows["test"])
score = assay.evaluate("nearest mean", data, probabilities=answers, audit=audit)
print(score)
print("calibration error", score.calibration.after.ece)
print(score.predictions)
