"""Running an audit: with the user's features, the self-test, and the cache."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from assay.audits.audit_cache import cached_audit
from assay.audits.feature_order import features_by_split
from assay.audits.measures.pixel_sums import Measurements
from assay.audits.measures.row_tables import RowTables
from assay.audits.measures.user_features import features_digest, read_features
from assay.audits.registry import ON_FEATURES, audit_dataset, known_checks, report_finding
from assay.audits.self_test.recall import NOT_PLANTED, TOO_FEW, self_test
from assay.audits.values import Audit
from assay.core.events import OnEvent, ignore
from assay.data.answers.class_probabilities import ClassProbabilities
from assay.data.values import Dataset
from assay.estimators.passes.shared_passes import Helpers
from assay.features.choice import for_reference
from assay.features.feature_cache import Kept


def run_checks(
    dataset: Dataset,
    measurements: Mapping[str, Measurements],
    checks: Sequence[str] | None = None,
    on_event: OnEvent = ignore,
    *,
    features: Path | None = None,
    backbone: str | None = None,
    thorough: bool = False,
    pred_probs: ClassProbabilities | None = None,
    self_test_seed: int | None = None,
    tables: Mapping[str, RowTables] | None = None,
    helpers: Helpers | None = None,
    pretrained: Kept | None = None,
) -> Audit:
    """The audit of a data set, from the cache where the same one was made before.

    features: a NumPy file with one row per image. backbone: of the pretrained features that are asked for
    where there is none; None: the default one, of sets that are not large. pred_probs: the user's own, to
    judge labels by. self_test_seed: plant faults by this seed in copies of the data, and put what was found
    into `statistics["self_test"]`; None does not. tables, helpers: as in `audit_dataset`.
    pretrained: features of a pretrained net that other processes have computed.
    Raises AssayError `unknown-check`, and those of `read_features`
    and `features_by_split`.
    """
    choice, rows = None, None
    if features is not None:
        rows = features_by_split(read_features(features, dataset), dataset, features)
    elif not ON_FEATURES.isdisjoint(known_checks(checks)):
        choice, rows = for_reference(dataset, backbone, pretrained)

    def make() -> Audit:
        found = audit_dataset(
            dataset, measurements, checks, on_event, rows, thorough, pred_probs, choice, tables, helpers
        )
        if self_test_seed is None:
            return found
        tested = [result.as_record() for result in self_test(dataset, self_test_seed, on_event)]
        left_out = NOT_PLANTED if tested else TOO_FEW
        statistics = {**found.statistics, "self_test": tested, "self_test_left_out": left_out}
        return replace(found, statistics=statistics)

    asked = {
        "checks": known_checks(checks),
        "features": features_digest(rows),
        "choice": None if choice is None else asdict(choice),
        "self_test": self_test_seed,
        "thorough": thorough,
        **({"pred_probs": pred_probs.digest} if pred_probs else {}),
    }
    found, kept = cached_audit(dataset, asked, make, on_event)
    for finding in found.findings if kept else ():
        report_finding(finding, on_event)
    return found
