"""Several recipes and seeds in one run: complete run folders, the same bits as alone, and side by side."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

import assay
from assay.core import durable
from assay.core.errors import AssayError, Interrupted
from assay.core.events import Event
from assay.training.classifier import Model
from assay.training.recipes import RECIPES
from assay.workflow import api, run_commands
from assay.workflow.model_choice.model_grid import chosen_recipes, default_recipe, settings_of_models
from assay.workflow.planning.plan import make_plan
from assay.workflow.quality_gates.gates import parse_gates
from assay.workflow.quality_gates.judging import judge_all, need_passed
from assay.workflow.recorded import run_record
from assay.workflow.settings import Settings
from assay.workflow.verify import demand, verify_run
from torture.job import CHECKS, tiny_dataset, whole_result

#: `hidden` is a setting of mlp alone.
SETTINGS = {"epochs": 2, "batch_size": 16, "hidden": 8, "checks": CHECKS}
NAMES = ["linear-s3", "linear-s4", "mlp-s3", "mlp-s4"]


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def several(out: Path, **more) -> api.Run:
    return api.run(tiny_dataset(), out=out, model="linear,mlp", seed=3, seeds=2, **SETTINGS, **more)


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return []


@pytest.fixture(scope="module")
def finished(tmp_path_factory, events: list[Event]) -> Path:
    out = tmp_path_factory.mktemp("finished") / "run"
    several(out, on_event=events.append)
    return out


def test_every_model_has_a_complete_run_folder(finished: Path) -> None:
    """Each holds all that a single run holds, vouched for by its own manifest; the top one the comparison."""
    assert sorted(p.name for p in (finished / "models").iterdir()) == NAMES
    assert run_record.model_folders(finished) == [finished / "models" / name for name in NAMES]
    for name in NAMES:
        part = finished / "models" / name
        assert {
            "report.html",
            "audit.json",
            "issues.csv",
            "evaluation.json",
            "predictions.csv",
            "history.csv",
        } | {
            "config.toml",
            "manifest.json",
            "model",
        } <= {p.name for p in part.iterdir()}
        assert run_record.damaged_files(part, run_record.read_manifest(part)) == []
        assert run_record.file_hashes(part).keys() == run_record.read_manifest(part)["files"].keys()
    top = {p.name for p in finished.iterdir()} - {"figures", "models"}
    assert top == {
        "report.html",
        "comparison.json",
        "differences.csv",
        "audit.json",
        "issues.csv",
        "config.toml",
    } | {"manifest.json"}
    assert all(fact.holds for fact in verify_run(finished, tiny_dataset()))


@pytest.mark.parametrize("name", ["mlp-s3", "linear-s4"])
def test_a_model_of_several_is_that_of_a_run_alone(finished: Path, tmp_path: Path, name: str) -> None:
    """Its own config.toml repeats it: every file but the manifest is the same bytes. The first seed's
    is that of a plain run; later ones also say by which seed the splits were drawn."""
    part = finished / "models" / name
    config = tomllib.loads((part / "config.toml").read_text("utf-8"))
    assert config.get("split_seed") == (None if name.endswith("s3") else 3)
    for key in ("command", "schema", "data"):
        config.pop(key)
    config["recipe"].pop("name")
    config["recipe"].pop("model")
    api.run(tiny_dataset(), out=tmp_path / "alone", **config)
    assert whole_result(tmp_path / "alone") == whole_result(part)


def test_models_of_several_are_trained_on_the_same_splits(finished: Path) -> None:
    """One test split, one training split, one audit for all."""
    record = json.loads((finished / "comparison.json").read_text("utf-8"))
    assert [run["name"] for run in record["runs"]] == NAMES
    assert len({json.dumps(run["fingerprints"], sort_keys=True) for run in record["runs"]}) == 1
    audits = {(finished / "models" / name / "audit.json").read_bytes() for name in NAMES}
    assert audits == {(finished / "audit.json").read_bytes()}


def test_the_data_are_audited_once(finished: Path, events: list[Event]) -> None:
    """Stages: one load, one audit, then training, test and report of each; one end, after the last."""
    stages = [e.stage for e in events if e.event == "stage-started"]
    assert stages == ["load", "audit", *["train", "evaluate", "report"] * 4, "report"]
    assert [e.event for e in events].count("run-finished") == 1
    assert list(dict.fromkeys(e.figures["run"] for e in events if "run" in e.figures)) == NAMES


def test_seconds_stand_in_the_manifest(finished: Path) -> None:
    """Those of each model's training; comparison.json has none."""
    manifest = run_record.read_manifest(finished)
    assert list(manifest["models"]) == NAMES
    assert all(model["seconds"] > 0 for model in manifest["models"].values())
    assert "seconds" not in (finished / "comparison.json").read_text("utf-8")


@pytest.mark.parametrize(("stop_at", "again"), [("linear-s3", "run"), ("mlp-s3", "resume")])
def test_stopped_in_the_middle_it_goes_on(finished: Path, tmp_path: Path, stop_at: str, again: str) -> None:
    """Stopped in one model's training, `resume` and the same `run` continue that model, repeat none that was
    finished, and end in the same bits: but for the page and its figure, which tell seconds."""

    def stop(event: Event) -> None:
        if event.event == "epoch" and event.figures["run"] == stop_at:
            raise Interrupted(143)

    def hear(event: Event) -> None:
        if event.event == "epoch":
            epochs.append((event.figures["run"], event.figures["epoch"]))

    folder, epochs = tmp_path / "run", []
    with pytest.raises(Interrupted) as caught:
        several(folder, on_event=stop)
    assert caught.value.folder == folder
    done = (
        several(folder, on_event=hear)
        if again == "run"
        else run_commands.resume(folder, tiny_dataset(), on_event=hear)
    )
    later = NAMES[NAMES.index(stop_at) + 1 :]
    assert epochs == [(stop_at, 2), *((name, epoch) for name in later for epoch in (1, 2))]
    assert [run.path.name for run in done.runs] == NAMES
    ours, theirs = whole_result(folder), whole_result(finished)
    changed = {k for k in ours.keys() | theirs.keys() if ours.get(k) != theirs.get(k)}
    assert changed <= {"report.html", "figures/ladder.png"}
    seconds = run_record.read_manifest(folder)["models"]
    assert [name for name in NAMES if seconds[name]["seconds"] is None] == [stop_at]


def test_a_finished_part_that_was_changed_is_refused(tmp_path: Path) -> None:
    """A model is only taken over as it was left: exit 4 names the file."""

    def stop(event: Event) -> None:
        if event.event == "epoch" and event.figures["run"] == "mlp-s3":
            raise Interrupted(143)

    with pytest.raises(Interrupted):
        several(tmp_path / "run", on_event=stop)
    (tmp_path / "run/models/linear-s3/history.csv").write_text("changed")
    with pytest.raises(AssayError, match=r"run-damaged.*history\.csv"):
        run_commands.resume(tmp_path / "run", tiny_dataset())


def test_a_run_of_several_reaches_its_parts(finished: Path, tmp_path: Path) -> None:
    """`run.runs` holds a Run for each model, with score and model; the comparison is `run.comparison`."""
    run = assay.run(tiny_dataset(), out=tmp_path / "run", model="majority,linear", epochs=1, checks=CHECKS)
    assert [part.path.name for part in run.runs] == ["majority-s0", "linear-s0"]
    assert (run.model, run.score) == (None, None)
    assert run.comparison is not None
    assert [part.score.accuracy for part in run.runs] == [c.accuracy for c in run.comparison.candidates]
    assert run.runs[1].model.recipe["epochs"] == 1


def test_trained_halves_are_finished_together(tmp_path: Path) -> None:
    """`train` leaves models without a score, said so and not compared; `evaluate` of the whole judges all."""
    settings = {"model": "majority,linear", "epochs": 1, "checks": CHECKS}
    half = run_commands.run_train(tiny_dataset(), out=tmp_path / "half", **settings)
    assert half.comparison is not None
    assert half.comparison.pairs == ()
    assert not (tmp_path / "half" / "differences.csv").exists()
    record = json.loads((tmp_path / "half" / "comparison.json").read_text("utf-8"))
    assert "have not been looked at" in record["pairs_reason"]
    whole = run_commands.run_evaluate(tmp_path / "half", tiny_dataset())
    assert len(whole.runs) == 2
    assert whole.comparison is not None
    assert [run.score.accuracy for run in whole.runs] == [c.accuracy for c in whole.comparison.candidates]
    assert len(whole.comparison.pairs) == 1
    demand(tmp_path / "half", verify_run(tmp_path / "half", tiny_dataset()))


def test_a_model_trained_again_is_verified_with_its_splits(finished: Path) -> None:
    """`verify --retrain` of a later seed's folder trains on the splits that were drawn by the first seed."""
    facts = verify_run(finished / "models" / "linear-s4", tiny_dataset(), retrain=True)
    assert all(fact.holds for fact in facts), [fact.what for fact in facts if not fact.holds]


REFUSED = {
    "a name twice": ({"model": "linear,linear"}, "bad-value", "named twice"),
    "no name": ({"model": " , "}, "bad-value", "names no recipe"),
    "an unknown name": ({"model": "linear,mpl"}, "unknown-recipe", "Did you mean mlp?"),
    "no seed": ({"seeds": 0}, "bad-value", "--seeds"),
    "fewer than none": ({"seeds": -1}, "bad-value", "--seeds"),
    "a seed beyond the last": ({"seed": 2**32 - 1, "seeds": 2}, "bad-value", "--seeds"),
    "a setting of none": ({"model": "linear,mlp", "hiden": 3}, "unknown-setting", "Did you mean hidden?"),
    "a value out of range": ({"model": "linear,mlp", "epochs": 0}, "bad-value", "epochs"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trained_is_refused_before_any_work(tmp_path: Path, case: str) -> None:
    """Nothing is loaded and no folder made."""
    settings, code, words = REFUSED[case]
    events: list[Event] = []
    with pytest.raises(AssayError) as caught:
        api.run(tiny_dataset(), out=tmp_path / "run", on_event=events.append, **settings)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert events == []
    assert not (tmp_path / "run").exists()


def test_one_model_is_what_train_returns(tmp_path: Path) -> None:
    """`assay.train` gives a model, so it takes one recipe and one seed."""
    for more in ({"model": "linear,mlp"}, {"model": "linear", "seeds": 2}):
        with pytest.raises(AssayError, match="one model is returned, 2 were named"):
            assay.train(tiny_dataset(), **more)


def test_a_setting_goes_to_the_recipes_that_have_it() -> None:
    """`hidden` is no setting of linear: with mlp beside it, mlp alone takes it."""
    recipes = chosen_recipes(Settings(model="linear,mlp", recipe={"hidden": "9", "epochs": "4"}), "x")
    assert [recipe.epochs for recipe in recipes] == [4, 4]
    assert recipes[1].options["hidden"] == 9
    with pytest.raises(AssayError, match="recipe linear has no such setting"):
        chosen_recipes(Settings(model="linear", recipe={"hidden": "9"}), "x")


def test_one_seed_is_a_plain_run() -> None:
    """`--seeds 1` asks for what there would be without it."""
    settings = Settings(model="linear", seeds=1)
    (name, own, _) = settings_of_models(settings, chosen_recipes(settings, "x"))[0]
    assert (name, own) == ("linear-s0", Settings(model="linear"))


def test_the_default_recipe_follows_the_data() -> None:
    """The simplest net for Fashion-MNIST and its sample, one that sees shapes for all else."""
    assert {default_recipe(data) for data in ("fashion-mnist", "fashion-mnist-sample")} == {"mlp"}
    assert default_recipe("photos/") == "cnn"
    assert "cnn" in RECIPES


def test_gates_name_the_model(finished: Path) -> None:
    """Every model must pass; gates on the audit are judged once, not for each."""
    run = several_scores(finished)
    with pytest.raises(AssayError) as caught:
        need_passed(judge_all(parse_gates("accuracy<1.1,identity>-1,accuracy<0"), run[0], run[1]), finished)
    text = str(caught.value)
    assert caught.value.exit_code == 8
    assert text.count("identity>-1") == 1
    assert all(f"{name}: accuracy<1.1 (found" in text for name in NAMES)
    assert "accuracy<0 " not in text
    need_passed(judge_all(parse_gates("accuracy<0"), run[0], run[1]), finished)


def several_scores(folder: Path):
    """The audit and the scores by name of a finished run of several, judged again."""
    found = assay.audit(tiny_dataset(), checks=CHECKS)
    models = {name: Model.read(folder / "models" / name / "model") for name in NAMES}
    return found, {name: assay.evaluate(model, tiny_dataset()) for name, model in models.items()}


def test_the_configuration_of_several_repeats_them(finished: Path, tmp_path: Path) -> None:
    """What config.toml says of the whole gives the same models again, and one of them by its name."""
    config = tomllib.loads((finished / "config.toml").read_text("utf-8"))
    for key in ("command", "schema", "data"):
        config.pop(key)
    again = make_plan(
        "run", tiny_dataset(), tmp_path / "again", config, offline=True, on_event=lambda _: None
    )
    assert tomli_w.dumps(again.config()) == (finished / "config.toml").read_text("utf-8")
    api.run(tiny_dataset(), out=tmp_path / "one", **{**config, "model": "mlp", "seeds": 1})
    one = tmp_path / "one" / "model" / "model.safetensors"
    assert durable.file_sha256(one) == durable.file_sha256(finished / "models/mlp-s3/model/model.safetensors")
