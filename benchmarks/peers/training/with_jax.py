"""What an expert writes in JAX: Adam by hand, everything compiled, the images resident.

mlp: an epoch is one compiled `lax.scan` over its steps; nothing comes back to Python before the end.
cnn: one compiled step, called from Python, for a convolution inside a loop of XLA's is many times slower on
    processors.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from task import BATCH, CHANNELS, CLASSES, EPOCHS, JOB, RATE, UNITS, answer, data

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7

#: Of batch norm: share of the running statistics kept at each step, and what is added to a variance.
KEPT, SMALL = 0.9, 1e-5

Tree = dict[str, jax.Array]


def first_parameters(key: jax.Array) -> Tree:
    """Glorot uniform weights, biases 0, scales 1."""
    shapes: dict[str, tuple[int, ...]] = {"hidden": (784, UNITS), "output": (UNITS, CLASSES)}
    scales = {}
    if JOB == "cnn":
        first, second = CHANNELS
        shapes |= {"conv1": (3, 3, 1, first), "conv2": (3, 3, first, second), "hidden": (49 * second, UNITS)}
        scales = {"norm1": first, "norm2": second, "norm3": UNITS}
    glorot = jax.nn.initializers.glorot_uniform()
    keys = jax.random.split(key, len(shapes))
    tree = {name: glorot(k, shape) for k, (name, shape) in zip(keys, shapes.items(), strict=True)}
    tree |= {f"{name}_scale": jnp.ones(size) for name, size in scales.items()}
    tree |= {f"{name}_bias": jnp.zeros(size) for name, size in scales.items()}
    biases = {"output_bias": jnp.zeros(CLASSES)}
    return tree | biases | ({"hidden_bias": jnp.zeros(UNITS)} if JOB == "mlp" else {})


def mlp(p: Tree, images: jax.Array) -> jax.Array:
    """Logits `(n, 10)` of images `(n, 784)`."""
    hidden = jax.nn.relu(images @ p["hidden"] + p["hidden_bias"])
    return hidden @ p["output"] + p["output_bias"]


def cnn(p: Tree, statistics: Tree, images: jax.Array, training: bool) -> tuple[jax.Array, Tree]:
    """Logits of images `(n, 28, 28, 1)`, and the running statistics after them."""
    seen: Tree = {}

    def norm(x: jax.Array, name: str) -> jax.Array:
        axes = tuple(range(x.ndim - 1))
        if training:
            mean, variance = x.mean(axes), x.var(axes)
            for kind, value in (("mean", mean), ("variance", variance)):
                key = f"{name}_{kind}"
                seen[key] = KEPT * statistics[key] + (1 - KEPT) * value
        else:
            mean, variance = statistics[f"{name}_mean"], statistics[f"{name}_variance"]
        return (x - mean) * (lax.rsqrt(variance + SMALL) * p[f"{name}_scale"]) + p[f"{name}_bias"]

    x = images
    for number in ("1", "2"):
        x = lax.conv_general_dilated(
            x, p["conv" + number], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        x = jax.nn.relu(norm(x, "norm" + number))
    x = jax.nn.relu(norm(x.reshape(len(x), -1) @ p["hidden"], "norm3"))
    return x @ p["output"] + p["output_bias"], seen


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    chosen = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return (jax.nn.logsumexp(logits, axis=1) - chosen).mean()


def adam(p: Tree, means: Tree, squares: Tree, gradients: Tree, step: jax.Array) -> tuple[Tree, Tree, Tree]:
    """One update of Adam; `step` counts from 1."""
    means = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, means, gradients)
    squares = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, squares, gradients)
    rate = RATE * jnp.sqrt(1 - BETA2**step) / (1 - BETA1**step)
    p = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPSILON), p, means, squares)
    return p, means, squares


@partial(jax.jit, donate_argnums=0)
def mlp_epoch(state: tuple, images: jax.Array, labels: jax.Array, key: jax.Array) -> tuple:
    order = jax.random.permutation(key, len(images))

    def step(state: tuple, rows: jax.Array) -> tuple[tuple, None]:
        p, means, squares, count = state
        gradients = jax.grad(lambda p: cross_entropy(mlp(p, images[rows]), labels[rows]))(p)
        return (*adam(p, means, squares, gradients, count), count + 1), None

    steps = len(images) // BATCH
    return lax.scan(step, state, order[: steps * BATCH].reshape(steps, BATCH))[0]


@partial(jax.jit, donate_argnums=(0, 1))
def cnn_step(state: tuple, statistics: Tree, images: jax.Array, labels: jax.Array, rows: jax.Array) -> tuple:
    p, means, squares, count = state

    def loss(p: Tree) -> tuple[jax.Array, Tree]:
        logits, seen = cnn(p, statistics, images[rows], training=True)
        return cross_entropy(logits, labels[rows]), seen

    gradients, statistics = jax.grad(loss, has_aux=True)(p)
    return (*adam(p, means, squares, gradients, count), count + 1), statistics


def train_mlp(state: tuple, key: jax.Array, x: jax.Array, y: jax.Array, xt: jax.Array) -> jax.Array:
    for k in jax.random.split(key, EPOCHS):
        state = mlp_epoch(state, x, y, k)
    return mlp(state[0], xt).argmax(1)


def train_cnn(state: tuple, key: jax.Array, x: jax.Array, y: jax.Array, xt: jax.Array) -> jax.Array:
    sizes = dict(zip(("norm1", "norm2", "norm3"), (*CHANNELS, UNITS), strict=True))
    statistics = {f"{name}_mean": jnp.zeros(size) for name, size in sizes.items()}
    statistics |= {f"{name}_variance": jnp.ones(size) for name, size in sizes.items()}
    for k in jax.random.split(key, EPOCHS):
        order = jax.random.permutation(k, len(x))
        for start in range(0, len(x), BATCH):
            state, statistics = cnn_step(state, statistics, x, y, order[start : start + BATCH])
    apply = jax.jit(lambda some: cnn(state[0], statistics, some, training=False)[0].argmax(1))
    return jnp.concatenate([apply(xt[start : start + 1000]) for start in range(0, len(xt), 1000)])


def main() -> None:
    key, order_key = jax.random.split(jax.random.key(0))
    x, y, xt, yt = data()
    shape = (-1, 784) if JOB == "mlp" else (-1, 28, 28, 1)
    p = first_parameters(key)
    zeros = jax.tree.map(jnp.zeros_like, p)
    state = (p, zeros, jax.tree.map(jnp.copy, zeros), jnp.float32(1))
    train = train_mlp if JOB == "mlp" else train_cnn
    arrays = (jnp.asarray(x.reshape(shape)), jnp.asarray(y), jnp.asarray(xt.reshape(shape)))
    answer(train(state, order_key, *arrays), yt)


if __name__ == "__main__":
    main()
