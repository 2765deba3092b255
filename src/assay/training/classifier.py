"""`Model`: a trained classifier, with what one does with it: predict, save, read."""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.estimators.temperature_scaling import tempered
from assay.training.inference import any_model
from assay.training.inference.features import distances_in
from assay.training.model.values import ModelData
from assay.training.model_file import read_model_data, save_model


class Model(ModelData):
    """A trained classifier: the fields of `ModelData`, and the functions that use them."""

    @classmethod
    def of(cls, data: ModelData) -> "Model":
        """The classifier that some model data describe."""
        return cls(**{field.name: getattr(data, field.name) for field in fields(data)})

    @classmethod
    def read(cls, folder: str | Path) -> "Model":
        """The model that `save` wrote. Raises AssayError `model-refused` for anything else."""
        return cls.of(read_model_data(Path(folder)))

    def save(self, folder: str | Path) -> None:
        """Write `model.safetensors` and `model.json` into `folder`."""
        save_model(self, Path(folder))

    def predict_proba(self, images: NDArray[np.uint8] | Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Probability of each class for each image: float64 `(n, k)`, each row summing to 1.

        images: uint8 `(n, h, w, c)` of the model's input shape, or blocks of such images. They are computed
        in batches of one size, so that an image's row does not depend on its company (of what is fitted in
        closed form, alone or beside a net, only in the seventh digit: its products round by the row).
        Raises AssayError `shape-mismatch` for images of another shape or type, `out-of-memory`,
        `missing-extra` without torch.
        """
        found = any_model.predict_proba(self, [images] if isinstance(images, np.ndarray) else images)
        return tempered(found, self.limits.temperature.value)

    def distances(
        self, images: NDArray[np.uint8] | Iterable[NDArray[np.uint8]]
    ) -> NDArray[np.float32] | None:
        """How far each image lies from the training images: float32 `(n,)`; None without a gate.

        Images and errors as for `predict_proba`. Beyond `limits.gate.threshold` an image is strange.
        """
        gate = self.limits.gate
        if gate is None:
            return None
        blocks = [images] if isinstance(images, np.ndarray) else images
        return distances_in(gate.space, gate.look, self, blocks)
