"""`CheckContext` and `Checked`: the input and the output of every check."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assay.audits.issues import Issue
from assay.audits.measures.copy_groups import groups_of_copies
from assay.audits.measures.cross_validated import CrossValidated, given, judge, principal_components
from assay.audits.measures.image_stats import ImageStats, as_stored, background_of, image_stats_of
from assay.audits.measures.pixel_sums import Measurements
from assay.audits.measures.reference_strength import Strength, reference_strength
from assay.audits.measures.row_tables import RowTables
from assay.audits.measures.texture import Texture, texture_of
from assay.audits.values import Finding
from assay.core.arrays import Rows
from assay.data.answers.class_probabilities import ClassProbabilities
from assay.data.splitting.groups import join_pairs
from assay.data.values import Dataset
from assay.duplicates.cached_pairs import copies_of
from assay.duplicates.find import Copies, find_copies, of_one_class
from assay.estimators.label_noise import LabelPosterior
from assay.estimators.label_quality import LabelQuality
from assay.estimators.noise.inseparable import Inseparable, sorted_out
from assay.estimators.noise.noise_matrix import TEMPERATURES, NoiseMatrix, fit_noise_matrix, wrong_chances
from assay.estimators.noise.pair_flips import PairFlip, find_pair_flips
from assay.estimators.noise.whole_groups import WholeGroup, whole_groups
from assay.estimators.passes.shared_passes import Helpers


@dataclass(frozen=True)
class CheckContext:
    """The data under audit and everything measured on them, computed once for all checks.

    measurements: per split name, over the whole split.
    features: the user's own, per split name `(n, any)`, in place of the reference features.
    linear: those features are weighed as they are, for a pretrained net has bent them enough; others through
    random waves. thorough: take more time where more is found by it.
    pred_probs: the user's own out-of-sample probabilities: labels are judged by them.
    tables: figures of each image, per split name, where they were measured before.
    helpers: processes that share what the reference classifier computes.
    What only some checks need is computed when the first of them asks.
    """

    dataset: Dataset
    measurements: Mapping[str, Measurements]
    features: Mapping[str, NDArray[np.float32]] | None = None
    thorough: bool = False
    pred_probs: ClassProbabilities | None = None
    linear: bool = False
    tables: Mapping[str, RowTables] = field(default_factory=dict)
    helpers: Helpers | None = None

    @cached_property
    def exact_copies(self) -> Copies:
        """Exact copies alone, found by digest."""
        return find_copies(self.dataset, near=False)

    @cached_property
    def copies(self) -> Copies:
        """Exact and near copies; of pictures that were divided or audited a moment ago they are known."""
        return of_one_class(copies_of(self.dataset), self.dataset)

    @cached_property
    def components(self) -> Mapping[str, NDArray[np.float32]]:
        """The features of every image, per split name: what distances between images are taken in."""
        return principal_components(self.dataset, self.features or self._described())

    @cached_property
    def cross_validated(self) -> CrossValidated:
        """Cross-validated predictions of the reference classifier for every image."""
        features = self.features if self.linear else None
        return judge(self.dataset, self.components, self.thorough, self.groups, features, self.helpers)

    @cached_property
    def groups(self) -> Rows:
        """int64 `(n,)`, equal for training images that no estimate may part: copies, and images of one group.

        What is known of a copy is no evidence about the image, so they are left out together.
        """
        return groups_of_copies(self.dataset, self.copies)

    @cached_property
    def named_groups(self) -> Rows:
        """int64 `(n,)`, equal for equal training images and those of one named group, without a search."""
        return join_pairs(self.dataset.train, np.zeros((0, 2), np.int64), 1.0)[0]

    @cached_property
    def label_judge(self) -> CrossValidated:
        """Out-of-sample probabilities that labels are compared with: the user's own, or the reference's."""
        if self.pred_probs is None:
            return self.cross_validated
        return given(self.dataset, self.pred_probs.by_split, self.components)

    @cached_property
    def strength(self) -> Strength:
        """Out-of-sample accuracy of the reference; only where it did not refuse."""
        return reference_strength(self.cross_validated, self.dataset, self.groups)

    @cached_property
    def judge_strength(self) -> Strength:
        """Out-of-sample accuracy of `label_judge`; only where it did not refuse."""
        if self.pred_probs is None:
            return self.strength
        return reference_strength(self.label_judge, self.dataset)

    @cached_property
    def noise(self) -> Mapping[str, NoiseMatrix]:
        """How labels go wrong, per split that was judged: their makers may differ.

        How far the judge may be trusted is asked of the first split alone, the largest one as a rule.
        """
        found: dict[str, NoiseMatrix] = {}
        temperatures = TEMPERATURES
        for name, probabilities in self.label_judge.probabilities.items():
            labels = self.dataset.splits[name].labels
            known = np.isin(labels, self.label_judge.learned)
            fitted = fit_noise_matrix(probabilities[known], labels[known], temperatures)
            found[name] = replace(fitted, flips=self._class_pairs[0][name])
            temperatures = (fitted.temperature,)
        return found

    @cached_property
    def inseparable(self) -> tuple[Inseparable, ...]:
        """Pairs of classes that their pictures do not tell apart; without pairs whose labels are mixed up."""
        return self._class_pairs[1]

    @cached_property
    def _class_pairs(self) -> tuple[Mapping[str, tuple[PairFlip, ...]], tuple[Inseparable, ...]]:
        """Pairs whose labels are mixed up, per split, and pairs that pictures do not tell apart.

        What is told apart is asked of train, or of the first split of the user's own probabilities.
        """
        judged, splits = self.label_judge.probabilities, self.dataset.splits
        if not judged:
            return {}, ()
        flips = {}
        for name, probabilities in judged.items():
            labels = splits[name].labels
            known = np.isin(labels, self.label_judge.learned)
            flips[name] = find_pair_flips(probabilities[known], labels[known], self.units(name)[known])
        name = "train" if "train" in judged else next(iter(judged))
        return sorted_out(judged[name], splits[name].labels, flips)

    def units(self, name: str) -> Rows:
        """int64 `(n,)`, equal for images of a split whose labels are one observation."""
        if name == "train":
            return self.groups
        return join_pairs(self.dataset.splits[name], np.zeros((0, 2), np.int64), 1.0)[0]

    @cached_property
    def whole_groups(self) -> tuple[WholeGroup, ...]:
        """Groups of training images whose labels are disputed as a whole."""
        probabilities = self.label_judge.probabilities.get("train")
        if probabilities is None:
            return ()
        labels = self.dataset.train.labels
        known = np.isin(labels, self.label_judge.learned)
        alone = wrong_chances(self.noise["train"], probabilities, labels)
        return whole_groups(probabilities, labels, self.groups, alone, known)

    @cached_property
    def wrong_chances(self) -> Mapping[str, NDArray[np.float64]]:
        """How likely each label is to be wrong, per split that was judged.

        A group that is disputed as a whole is one observation: its chance is the highest of its images.
        """
        splits = self.dataset.splits
        found = {
            name: wrong_chances(self.noise[name], p, splits[name].labels)
            for name, p in self.label_judge.probabilities.items()
        }
        for group in self.whole_groups:
            found["train"][group.rows] = np.minimum(found["train"][group.rows], group.chance)
        return found

    @cached_property
    def image_stats(self) -> Mapping[str, ImageStats]:
        """Brightness, contrast and sharpness of every image, per split name."""
        background = background_of(self.measurements["train"])
        return {
            name: image_stats_of(split, background, self.tables_of(name).stats)
            for name, split in self.dataset.splits.items()
        }

    @cached_property
    def texture(self) -> Mapping[str, Texture]:
        """How neighboring pixels of every image go together, per split name."""
        return {
            name: texture_of(split, self.tables_of(name).texture)
            for name, split in self.dataset.splits.items()
        }

    def tables_of(self, name: str) -> RowTables:
        """What was measured before of each image of a split."""
        return self.tables.get(name, RowTables())

    def _described(self) -> Mapping[str, NDArray[np.float32]] | None:
        """The reference features of every split, where they are known of all."""
        known = {name: self.tables_of(name).features for name in self.dataset.splits}
        found = {name: rows for name, rows in known.items() if rows is not None}
        return found if len(found) == len(known) else None

    @cached_property
    def stored_image_stats(self) -> Mapping[str, ImageStats]:
        """The same at the size of the files, where that is known of every split."""
        splits = self.dataset.splits
        if any(split.original_stats is None for split in splits.values()):
            return self.image_stats
        return {name: as_stored(self.image_stats[name], split) for name, split in splits.items()}


@dataclass(frozen=True)
class Checked:
    """A check's finding and the images it flags. posterior, label_quality: of a check that disputes labels
    (see `Audit`)."""

    finding: Finding
    issues: tuple[Issue, ...] = ()
    posterior: LabelPosterior | None = None
    label_quality: Mapping[str, LabelQuality] | None = None
