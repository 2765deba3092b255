"""`Model`: a trained classifier, with what one does with it: predict, save, read."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.estimators.temperature_scaling import tempered
from assay.training.inference import any_model
from assay.training.inference.blend import of_net
from assay.training.inference.features import distances_in
from assay.training.model.own_net import GivenNet
from assay.training.model.values import ModelData
from assay.training.model_file import read_model_data, save_model

if TYPE_CHECKING:
    from torch import nn

    from assay.data.decoding.given import Picture
    from assay.deployment.export.proof import Proof
    from assay.workflow.planning.data import Data


class Model(ModelData):
    """A trained classifier: the fields of `ModelData`, and the functions that use them."""

    @classmethod
    def of(cls, data: ModelData) -> "Model":
        """The classifier that some model data describe."""
        return cls(**{field.name: getattr(data, field.name) for field in fields(data)})

    @classmethod
    def read(cls, folder: str | Path, model: GivenNet | None = None) -> "Model":
        """The model that `save` wrote. Raises AssayError `model-refused` for anything else.

        model: the net, where it is one of the user's own (see `assay.train`); `net-needed` without it.
        """
        return cls.of(read_model_data(Path(folder), model))

    def save(self, folder: str | Path) -> None:
        """Write `model.safetensors` and `model.json` into `folder`.

        Of a user's own net the weights are written under its own names, and not its code.
        """
        save_model(self, Path(folder))

    def export(self, path: str | Path, data: "Data | None" = None, *, offline: bool = False) -> "Proof":
        """Write the model as one ONNX file, once that is proved to answer as the model does; the proof.

        data: a name, a path, or a data set: that which the model was trained on. Then the proof is on its
        test split and 1,000 hostile images, and figures of its training images are written beside the file,
        by which `assay serve` sees drift; that is what `assay export` does. None: the proof is on the
        hostile images alone, and there are no such figures. Beside `NAME.onnx` the record `NAME.export.json`
        says which. Raises AssayError `export-differs`, `output-exists`, `missing-extra`, `data-changed`,
        `no-test-split`, `recipe-does-not-fit`; no file is written then.
        """
        # By name: files for other programs are made above (docs/decisions/0115).
        room = import_module("assay.workflow.deployed.export")
        proof: Proof = room.export_trained(self, Path(path), data, offline)
        return proof

    def to_torch(self) -> "nn.Module":
        """A user's own net with its trained weights, in evaluation mode, on the CPU.

        It takes float32 `(n, channels, height, width)` as `preprocessing.normalize` makes them, and gives the
        logits. Raises AssayError `bad-value` for a model whose net is Assay's.
        """
        if self.own_net is None:
            fix = "Save it (model.save), or export it: assay export RUN."
            raise AssayError("bad-value", "model", f"{self.recipe['name']} is no net of your own", fix)
        from assay.training.nets.network import fill

        network = self.own_net.bare().eval()
        fill(network, of_net(self.weights))
        return network

    def predict(self, images: "Picture | Iterable[Picture]") -> NDArray[np.str_]:
        """The name of the most probable class for each image. Images and errors as for `predict_proba`."""
        names: NDArray[np.str_] = np.asarray(self.classes)[self.predict_proba(images).argmax(axis=1)]
        return names

    def predict_proba(self, images: "Picture | Iterable[Picture]") -> NDArray[np.float64]:
        """Probability of each class for each image: float64 `(n, k)`, each row summing to 1.

        images: uint8 `(n, h, w, c)` of the model's input shape, `(n, h, w)` if that is gray; or pictures, one
        or several: paths, the content of files, Pillow's images; or blocks of images. They are computed
        in batches of one size, so that an image's row does not depend on its company (of what is fitted in
        closed form, alone or beside a net, only in the seventh digit: its products round by the row).
        Raises AssayError `shape-mismatch` for arrays of another shape or type, `out-of-memory`,
        `missing-extra` without torch, and those of `data.decoding.given.fitted` for pictures.
        """
        found = any_model.predict_proba(self, self._blocks(images))
        return tempered(found, self.limits.temperature.value)

    def distances(self, images: "Picture | Iterable[Picture]") -> NDArray[np.float32] | None:
        """How far each image lies from the training images: float32 `(n,)`; None without a gate.

        Images and errors as for `predict_proba`. Beyond `limits.gate.threshold` an image is strange.
        """
        gate = self.limits.gate
        if gate is None:
            return None
        return distances_in(gate.space, gate.look, self, self._blocks(images))

    def _blocks(self, images: "Picture | Iterable[Picture]") -> Iterator[NDArray[np.uint8]]:
        from assay.data.decoding.given import image_blocks  # loads Pillow, which training does without

        return image_blocks(images, self.preprocessing)
