"""What each figure shows, and which problem it would reveal: the texts that are the same for all data.

What was found in the data at hand is computed: see the modules named `..._findings`.
"""

import html
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from assay.reports.drawing.canvas import Drawing
from assay.reports.values import Figure, Table


class Caption(NamedTuple):
    """The fixed texts of one figure (see `assay.reports.values.Figure`)."""

    title: str
    shows: str
    reveals: str


CAPTIONS: Final[dict[str, Caption]] = {
    "samples": Caption(
        "Samples of every class",
        "A row per class. Its images are taken at equal steps through the training split: nobody picked "
        "them, and no chance is involved.",
        "Wrong labels, classes that are mixed up, pictures that are cut off or turned, and drift: images on "
        "the left come early in the file, those on the right late.",
    ),
    "classes": Caption(
        "Class distribution",
        "The share of each class in its split, as a bar; the number beside it is the count of images.",
        "Imbalance (accuracy then hides what happens to rare classes), classes that are absent, and splits "
        "that were not drawn from the same source.",
    ),
    "intensity": Caption(
        "Pixel intensities",
        "How often each value from 0 (black) to 255 (white) occurs among the training pixels. Exact zeros "
        "have a bar and a scale of their own, because they would dwarf all others.",
        "Values that were scaled before, a range cut off at one end (a spike at 255), too little contrast, "
        "and values that were rounded (gaps like the teeth of a comb).",
    ),
    "intensity-by-class": Caption(
        "Pixel intensities of each class",
        "The same histogram for each class alone, zeros left out and told beside it. Spikes at the two "
        "ends are cut at the height of a row.",
        "Classes that were photographed or scaled differently: a model would learn the exposure instead of "
        "the subject.",
    ),
    "means": Caption(
        "Class means",
        "All training images of a class laid over each other: bright where most of them are bright.",
        "Classes whose averages look the same, and averages that are a blur: then the subjects stand at many "
        "places or in many poses.",
    ),
    "deviations": Caption(
        "Class standard deviations",
        "The standard deviation at every place: dark where the images of a class agree, bright where they "
        "differ. All classes share one color scale.",
        "Where a class varies, so what its mean does not tell; borders that vary, so cropping; a class that "
        "does not vary at all, so copies.",
    ),
    "correlation": Caption(
        "Correlation of the class means",
        "For every two classes the Pearson correlation of their mean images: 1 is the same shape, 0 is "
        "nothing in common, below 0 (orange) one is bright where the other is dark. The tint is by r squared.",
        "Classes that a model is likely to confuse, because on average they have nearly the same shape.",
    ),
    "normalization": Caption(
        "Before and after normalization",
        "How often each pixel value occurs in the training images: on the left as stored, on the right as the "
        "model receives it. The scale of the height leaves out the spike at 0.",
        "A normalization that cuts values off, or that leaves them far from zero.",
    ),
    "suspects-exact-duplicates": Caption(
        "Equal images",
        "Pairs of images that are equal pixel by pixel: on the left the flagged one, on the right its copy.",
        "Copies that count double in training, copies with two labels, and copies across splits.",
    ),
    "suspects-near-duplicates": Caption(
        "Nearly equal images",
        "Pairs that are the same picture shifted, mirrored, brightened, compressed or noisy: on the left the "
        "flagged one, on the right the one it copies.",
        "The same object taken twice, augmented images among originals, and copies that hide from a hash.",
    ),
    "suspects-leakage": Caption(
        "Images outside train that train holds too",
        "On the left an image of the test or validation split, on the right its copy in train.",
        "A score that is too good: a model that has seen the answer need not have understood the question.",
    ),
    "suspects-label-errors": Caption(
        "Labels that are likely wrong",
        "On the left an image with its label; on the right, with an arrow, the nearest training image of the "
        "class that fits better.",
        "Slips of the hand and classes that were misunderstood. Look before you correct: a rare but right "
        "label looks the same to a classifier.",
    ),
    "suspects-ambiguous-labels": Caption(
        "Images that fit two classes",
        "Images that a classifier which did not train on them would give to either of two classes; the label "
        "stands first, the other class below it.",
        "Classes that the picture alone cannot tell apart, and so a bound on every score.",
    ),
    "suspects-atypical": Caption(
        "Images unlike their class",
        "The images farthest from the rest of their class, in features of shape and brightness.",
        "Strangers in a class, damaged pictures, and rare kinds that deserve more examples.",
    ),
    "suspects-quality": Caption(
        "Images of poor quality",
        "Images that are blank, dark, bright, without contrast, blurred, saturated or cut by the border.",
        "Pictures that teach nothing, and a camera or a cropping step that went wrong.",
    ),
    "curves": Caption(
        "Learning curves",
        "Loss (how wrong; lower is better) and accuracy (how often right) after each pass over the training "
        "images. The training figures are running means, taken while the weights still change.",
        "Too few epochs (validation loss still falls), overfitting (it rises while the training loss falls), "
        "and a learning rate that is too large (the curve jumps) or too small (it crawls).",
    ),
    "confusion": Caption(
        "Confusion matrix",
        "Row: the true class. Column: the model's answer. Blue cells on the diagonal are right, orange ones "
        "are mistakes; the stronger the color, the larger the share of the row.",
        "Which class is taken for which. Two classes that are confused both ways look alike, or their labels "
        "do not agree with each other.",
    ),
    "recall": Caption(
        "Recall of each class",
        "Of the test images of a class, the share that the model recognized. The dot is what was measured, "
        "the line its 95 % Wilson interval; the dashed line is the accuracy over all classes.",
        "Classes that fail behind a good average, and differences too small to mean anything: their lines "
        "overlap.",
    ),
    "confidence": Caption(
        "How sure the model was",
        "How often the model gave its answer which probability: on the left its right answers, on the right "
        "its mistakes. The two scales differ.",
        "A model that is as sure when it is wrong as when it is right: then its probabilities warn nobody.",
    ),
    "reliability": Caption(
        "Reliability diagram",
        "Answers are sorted into bins by their probability. Above, how often those of a bin were right, with "
        "the 95 % interval; below, how many there are. On the dashed line, answers given 80 % are right in "
        "80 of 100 cases.",
        "Points below the line: the model claims more than it knows. Above it: it knows more than it claims.",
    ),
    "risk-coverage": Caption(
        "Risk and coverage",
        "If the model may say 'I do not know' to the images it is least sure of: the share of wrong answers "
        "among those it still gives. Fully to the right it answers all.",
        "A curve that does not fall to the left: then the model does not know what it does not know, and "
        "silence would not help.",
    ),
    "typical": Caption(
        "The most and the least typical image of each class",
        "In a row per class, on the left the training images nearest to the mean image of their class, on "
        "the right those farthest from it (by the sum of squared differences of the pixels).",
        "Strangers in a class, labels that are wrong, and kinds so rare that the mean knows nothing of them.",
    ),
    "map": Caption(
        "Map of the test images",
        "Each point is a test image; images that the model sees alike lie near each other. The two axes are "
        "the two principal components of what the model computes for an image. Orange points are mistakes; "
        "a name stands in the middle of its class.",
        "Classes that the model cannot hold apart (their clouds overlap), several kinds inside one class "
        "(two clouds of one name), and mistakes far from any border: often wrong labels.",
    ),
    "saliency": Caption(
        "Where the model looked",
        "The surest mistakes. Beside each, the same image with patches in color where covering them (with "
        "the average training image) weakens the model's wrong answer against the label: the stronger the "
        "color, the more the answer rests on that place. Each image has its own scale.",
        "A model that answers by the background, by a border or by a mark, and not by the subject.",
    ),
    "saliency-asked": Caption(
        "Where the model looked in the images asked for",
        "The test images that `assay report --look-at` named. Beside each, the same image with patches in "
        "color where covering them weakens the answer: against the label, or against the next best answer "
        "where it is right. Each image has its own scale.",
        "Right answers for a wrong reason, and what a mistake that is not among the surest rests on.",
    ),
    "ladder": Caption(
        "Accuracy against seconds",
        "Each dot is a trained model: the share of test images that it recognizes, with the 95 % Wilson "
        "interval as a line, over the seconds that its training took.",
        "Models that cost more and give no more, and how much of what a better one gives the interval leaves "
        "open.",
    ),
    "differences": Caption(
        "Right by one, wrong by the other",
        "Below each image: its label, which the one model found, then what the other answered and how sure "
        "it was. Its surest mistakes come first.",
        "What one model sees and the other does not - and labels that are wrong, where the surest mistakes "
        "look right.",
    ),
    "mistakes": Caption(
        "Most confident mistakes",
        "Test images that the model got wrong while it was surest. Below each: what the label says, then "
        "what the model answered and how sure it was.",
        "Wrong labels (the model may be right), images that fit two classes, and what the model has not "
        "understood.",
    ),
}


def figure(
    name: str,
    drawing: Drawing,
    alt: str,
    found: str,
    table: Table,
    left_out: str = "",
    record: Mapping[str, Any] | None = None,
    caption: Caption | None = None,
) -> Figure:
    """The figure `name` with its fixed texts, or with those given. Raises KeyError when it has none."""
    caption = caption or CAPTIONS[name]
    texts = (alt, caption.shows, caption.reveals, found)
    forms = (_named(drawing.svg, alt), drawing.png)
    narrow = _named(drawing.narrow, alt) if drawing.narrow else ""
    return Figure(name, caption.title, *forms, *texts, table, left_out, record or {}, narrow)


def _named(picture: str, alt: str) -> str:
    """A picture, `<svg ...` or `<div ...`, that says in words what it is."""
    return re.sub(r"^<(\w+)", lambda tag: f'{tag[0]} role="img" aria-label="{html.escape(alt)}"', picture)
