"""scikit-learn's MLPClassifier: `mlp` alone, for it has no convolutions. No penalty, no early stop."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from task import BATCH, EPOCHS, RATE, UNITS, answer, data


def main() -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)  # it says that so few epochs are few
    x, y, xt, yt = data()
    net = MLPClassifier(
        (UNITS,),
        alpha=0,
        batch_size=BATCH,
        learning_rate_init=RATE,
        max_iter=EPOCHS,
        tol=0,
        n_iter_no_change=EPOCHS,
    )
    net.fit(x.reshape(len(x), -1), y)
    answer(net.predict(xt.reshape(len(xt), -1)), yt)


if __name__ == "__main__":
    main()
