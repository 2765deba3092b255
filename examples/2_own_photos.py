# %% [markdown]
# # Your own photos
# A folder with `train/<class>/...` and `test/<class>/...`. Here one is made, with a copy of a training image
# among the test images, for the audit to find.

# %%
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from PIL import Image

import assay

photos = Path(mkdtemp()) / "photos"
rng = np.random.default_rng(0)
for split, count in (("train", 40), ("test", 15)):
    for label, angle in (("steep", 1.2), ("flat", 0.2)):
        (photos / split / label).mkdir(parents=True)
        for n in range(count):
            y, x = np.mgrid[:32, :32]
            wave = np.sin((x * np.sin(angle) + y * np.cos(angle)) / 2 + rng.uniform(0, 6))
            picture = np.clip(128 + 60 * wave + rng.normal(0, 12, (32, 32)), 0, 255)
            Image.fromarray(picture.astype(np.uint8)).save(photos / split / label / f"{n}.png")
copied = (photos / "train" / "flat" / "0.png").read_bytes()
(photos / "test" / "flat" / "copied.png").write_bytes(copied)

# %% The audit finds the copy
data = assay.load(photos)
audit = assay.audit(data)
print(audit.findings["leakage"].summary)
assert audit.findings["leakage"].count == 1

# %% Issues are a table: audit.issues.to_pandas(), .to_polars(), or for whatever reads Arrow
for issue in audit.issues.of("leakage"):
    print(issue.id, "is a copy of", issue.related_id)

# %% The score as given, and without the copy
model = assay.train(data, "nearest-mean")
score = assay.evaluate(model, data, audit=audit)
print(score, score.honest.without_copies)
