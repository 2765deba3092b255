"""skorch: a torch net as a scikit-learn classifier, trained on all images."""

import torch
from nets import net
from skorch import NeuralNetClassifier
from task import BATCH, EPOCHS, RATE, answer, data


def main() -> None:
    x, y, xt, yt = data()
    classifier = NeuralNetClassifier(
        net(),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=RATE,
        batch_size=BATCH,
        max_epochs=EPOCHS,
        iterator_train__shuffle=True,
        train_split=None,
    )
    classifier.fit(x[:, None], y)
    answer(classifier.predict(xt[:, None]), yt)


if __name__ == "__main__":
    main()
