"""Keras 3: compile, fit, evaluate, as its first tutorial does. `KERAS_BACKEND` says on what."""

import keras
from keras import layers
from task import BATCH, CHANNELS, CLASSES, EPOCHS, JOB, RATE, UNITS, answer, data


def mlp() -> list[layers.Layer]:
    return [
        keras.Input((28, 28)),
        layers.Flatten(),
        layers.Dense(UNITS, activation="relu"),
        layers.Dense(CLASSES),
    ]


def cnn() -> list[layers.Layer]:
    parts: list[layers.Layer] = [keras.Input((28, 28, 1))]
    for width in CHANNELS:
        parts += [layers.Conv2D(width, 3, padding="same", use_bias=False), layers.MaxPooling2D()]
        parts += [norm(), layers.ReLU()]
    parts += [layers.Flatten(), layers.Dense(UNITS, use_bias=False), norm(), layers.ReLU()]
    return [*parts, layers.Dense(CLASSES)]


def norm() -> layers.Layer:
    """As torch's by default: at its own, Keras needs several epochs before the running averages tell."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)


def main() -> None:
    x, y, xt, yt = data()
    model = keras.Sequential(mlp() if JOB == "mlp" else cnn())
    model.compile(
        keras.optimizers.Adam(RATE),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    if JOB == "cnn":
        x, xt = x[..., None], xt[..., None]
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=2)
    answer(model.predict(xt, batch_size=1000, verbose=0).argmax(1), yt)


if __name__ == "__main__":
    main()
