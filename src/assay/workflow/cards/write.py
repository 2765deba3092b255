"""The cards of a finished run, written into its folder and listed by its manifest."""

from pathlib import Path

from assay.workflow import run_folder
from assay.workflow.cards.croissant import croissant
from assay.workflow.cards.data_card import data_card
from assay.workflow.cards.model_card import model_card
from assay.workflow.cards.source import read_source
from assay.workflow.run_folder import CROISSANT, DATA_CARD, MODEL_CARD


def write_cards(folder: str | Path, license_name: str = "", url: str = "") -> list[Path]:
    """Write the data card, Croissant metadata and, where the run has a model, the model card; their paths.

    license_name, url: what the owner says of them. Cards that were written before are replaced.
    Raises AssayError `run-damaged`, `model-refused`, `not-a-run-folder`, `bad-value`.
    """
    folder = Path(folder)
    source = read_source(folder, license_name, url)
    contents: dict[str, object] = {DATA_CARD: data_card(source), CROISSANT: croissant(source)}
    if source.model is not None:
        contents[MODEL_CARD] = model_card(source)
    for name, content in contents.items():
        run_folder.add_file(folder, name, content, {})
    return [folder / name for name in contents]
