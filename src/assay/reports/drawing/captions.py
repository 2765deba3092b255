"""What each figure shows, and which problem it would reveal: the texts that are the same for all data.

What was found in the data at hand is computed: see the modules named `..._findings`.
"""

import html
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from assay.core.text import one_line
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
        "One row per class, with images at equal steps through the training split: not picked by hand, and "
        "not drawn at random.",
        "Wrong labels, mixed-up classes, pictures that are cropped or rotated, and drift: images on the "
        "left come early in the file, images on the right late.",
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
        "have a bar and a scale of their own, because they would dwarf all others; a spike at 255, as of a "
        "white ground, is cut off at the top and told beside.",
        "Values that were scaled before, a range cut off at one end (a spike at 255), too little contrast, "
        "and values that were rounded (gaps like the teeth of a comb).",
    ),
    "intensity-by-class": Caption(
        "Pixel intensities of each class",
        "The same histogram for each class, without the zeros, whose share stands beside it. Spikes at the "
        "two ends are cut off at the height of a row.",
        "Classes that were photographed or scaled differently: a model would learn the exposure instead of "
        "the subject.",
    ),
    "means": Caption(
        "Class means",
        "The average of all training images of a class: bright where most of them are bright.",
        "Classes with the same average, and blurred averages: there the subjects vary in place or pose.",
    ),
    "deviations": Caption(
        "Class standard deviations",
        "The standard deviation of each pixel: dark where the images of a class agree, bright where they "
        "differ. All classes share one color scale.",
        "Where a class varies; varying borders (cropped pictures); a class that does not vary at all "
        "(copies).",
    ),
    "correlation": Caption(
        "Correlation of the class means",
        "For every two classes the Pearson correlation of their mean images: 1 is the same shape, 0 is "
        "nothing in common, below 0 (orange) one is bright where the other is dark. The lowest "
        "value, or 0.9, has the palest tint.",
        "Classes that a model is likely to confuse, because on average they have nearly the same shape.",
    ),
    "normalization": Caption(
        "Before and after normalization",
        "How often each pixel value occurs in the training images: on the left as stored, on the right as "
        "the model receives it. The scale of the height leaves out spikes at 0 and 255.",
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
        "The same object photographed twice, augmented images among originals, and copies that a hash "
        "misses.",
    ),
    "suspects-leakage": Caption(
        "Test images with a copy in training",
        "On the left an image of the test or validation split, on the right its copy in train.",
        "A score that is too good: the model can memorize these images.",
    ),
    "suspects-label-errors": Caption(
        "Labels that are likely wrong",
        "On the left an image with its label; on the right, with an arrow, the nearest training image of the "
        "class that fits better.",
        "Labeling mistakes and misunderstood classes. Look before you correct: a rare but correct label "
        "looks the same to a classifier.",
    ),
    "suspects-ambiguous-labels": Caption(
        "Images that fit two classes",
        "Images that a classifier, not trained on them, would assign to either of two classes: the label "
        "first, the other class below it.",
        "Classes that the picture alone may not tell apart. Where no model does, they limit every score.",
    ),
    "suspects-atypical": Caption(
        "Outliers",
        "The images farthest from the rest of their class, in features of shape and brightness.",
        "Images of another class, damaged pictures, and rare kinds that need more examples.",
    ),
    "suspects-quality": Caption(
        "Images of poor quality",
        "Images that are blank, dark, bright, without contrast, blurred, saturated or cut by the border.",
        "Pictures without information, and a camera or a cropping step that went wrong.",
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
        "Which classes are confused. Two classes that are confused in both directions look alike, or their "
        "labels are inconsistent.",
    ),
    "recall": Caption(
        "Recall of each class",
        "The share of the test images of a class that the model found. The dot is the measured value, the "
        "line its 95 % Wilson interval; the dashed line is the accuracy over all classes.",
        "Classes that fail behind a good average. Where the lines overlap, the difference may be chance.",
    ),
    "confidence": Caption(
        "Probability of the answers",
        "How often the model gave its answer which probability: on the left its right answers, on the right "
        "its mistakes. The two scales differ.",
        "A model that is as confident when it is wrong as when it is right: its probabilities do not help.",
    ),
    "reliability": Caption(
        "Reliability diagram",
        "Answers are sorted into bins by their probability. Above, how often those of a bin were right, with "
        "the 95 % interval; below, how many there are. On the dashed line, answers given 80 % are right in "
        "80 of 100 cases.",
        "Points below the line: the model is overconfident. Points above it: it is underconfident.",
    ),
    "risk-coverage": Caption(
        "Errors when the model may abstain",
        "The share of wrong answers if the model answers only the images that it is most confident about. "
        "At the right it answers all of them.",
        "A curve that does not fall to the left: there the confidence says nothing, and abstaining would not "
        "help.",
    ),
    "typical": Caption(
        "The most and the least typical image of each class",
        "In a row per class, on the left the training images nearest to the mean image of their class, on "
        "the right those farthest from it (by the sum of squared differences of the pixels).",
        "Outliers, wrong labels, and rare kinds.",
    ),
    "map": Caption(
        "Map of the test images",
        "Each point is a test image; images that the model sees alike lie near each other. The two axes are "
        "the two principal components of what the model computes for an image. Color and shape tell the "
        "class; mistakes have a ring, images that the audit flagged a cross. Each name stands at the middle "
        "of its class.",
        "Classes that the model cannot separate (overlapping clouds), several kinds inside one class (two "
        "clouds of one color), and mistakes deep inside another class: often wrong labels.",
    ),
    "saliency": Caption(
        "Where the model looks",
        "The most confident mistakes. Beside each, the same image with patches in color where covering "
        "them (with the average training image) weakens the model's wrong answer against the label: the "
        "stronger the color, the more the answer rests on that place. Each image has its own scale.",
        "A model that uses the background, a border or a mark instead of the subject.",
    ),
    "saliency-asked": Caption(
        "Where the model looks in the images that you asked for",
        "The test images that `assay report --look-at` named. Beside each, the same image with patches in "
        "color where covering them weakens the answer: against the label, or against the next best answer "
        "where it is right. Each image has its own scale.",
        "Correct answers for a wrong reason, and the cause of a mistake.",
    ),
    "ladder": Caption(
        "Accuracy against seconds",
        "Each dot is a trained model: its test accuracy, with the 95 % Wilson interval as a line, over the "
        "seconds of its training.",
        "Models that cost more without a higher accuracy, and differences within the interval.",
    ),
    "differences": Caption(
        "Correct by one, wrong by the other",
        "Below each image: its label, which one model answered, then the answer of the other with its "
        "probability. The most confident mistakes come first.",
        "What only one model can see, and wrong labels, where the confident mistakes look correct.",
    ),
    "mistakes": Caption(
        "Most confident mistakes",
        "Wrong answers with the highest probability. Below each image: its label, then the answer with its "
        "probability.",
        "Wrong labels (the model may be right), images that fit two classes, and kinds that the model has "
        "not learned.",
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
    forms = (_named(drawing.svg, name, alt, found), drawing.png)
    narrow = _named(drawing.narrow, name, alt, found) if drawing.narrow else ""
    return Figure(name, caption.title, *forms, *texts, table, left_out, record or {}, narrow)


def _named(picture: str, name: str, alt: str, found: str) -> str:
    """A picture, `<svg ...` or `<div ...`, that says in words what it is and what was found.

    A drawing carries the finding with it, as `<desc>`; a grid of images names the sentence below it.
    """
    told = f'role="img" aria-label="{html.escape(alt)}"'
    if picture.startswith("<svg"):
        described = f"<desc>{html.escape(one_line(found))}</desc>"
        return re.sub(r"^<svg([^>]*)>", lambda tag: f"<svg {told}{tag[1]}>{described}", picture)
    return re.sub(r"^<(\w+)", lambda tag: f'{tag[0]} {told} aria-describedby="found-{name}"', picture)
