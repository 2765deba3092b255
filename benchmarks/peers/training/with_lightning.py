"""Lightning: a LightningModule and a Trainer, without logger and checkpoints, else at its defaults."""

import lightning
import torch
from nets import net, predicted
from task import BATCH, EPOCHS, RATE, answer, data
from torch.utils.data import DataLoader, TensorDataset


class Classifier(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net = net()

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], _: int) -> torch.Tensor:
        images, labels = batch
        return torch.nn.functional.cross_entropy(self.net(images), labels)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=RATE)


def main() -> None:
    x, y, xt, yt = (torch.from_numpy(array) for array in data())
    loader = DataLoader(TensorDataset(x.unsqueeze(1), y), batch_size=BATCH, shuffle=True)
    model = Classifier()
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    trainer.fit(model, loader)
    answer(predicted(model.net, xt.unsqueeze(1)), yt.numpy())


if __name__ == "__main__":
    main()
