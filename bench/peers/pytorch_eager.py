"""The notebook's own loop in PyTorch, one model at a time, as its readers run it.

Tuned: one thread for tensor operations (more make tensors of 8 x 5 slower), foreach off or fused Adam, whichever the caller
asks for.

    pytorch_eager.py MODELS REPEATS fused|plain
"""
import sys

import torch
from torch import nn

from peer import (A, B, BATCH, BETA1, BETA2, EPOCHS, EPSILON, EXAMPLES, RATE_D, RATE_G, STANDARD_DEVIATION, STEPS, report)

torch.set_num_threads(1)


def make(*layers):
    net = nn.Sequential(*layers)
    for parameter in net.parameters():
        if parameter.dim() == 2:
            nn.init.normal_(parameter, 0, STANDARD_DEVIATION)
        else:
            nn.init.zeros_(parameter)
    return net


def train_one(seed, options):
    torch.manual_seed(seed)
    data = torch.randn(EXAMPLES, 2) @ torch.tensor(A) + torch.tensor(B)
    D = make(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 1))
    G = make(nn.Linear(2, 2))
    loss = nn.BCEWithLogitsLoss()
    betas = (BETA1, BETA2)
    adam_D = torch.optim.Adam(D.parameters(), lr=RATE_D, betas=betas, eps=EPSILON, **options)
    adam_G = torch.optim.Adam(G.parameters(), lr=RATE_G, betas=betas, eps=EPSILON, **options)
    ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    by_epoch_D, by_epoch_G = [], []
    for _ in range(EPOCHS):
        sum_D, sum_G = torch.zeros(()), torch.zeros(())
        order = torch.randperm(EXAMPLES)
        for start in range(0, EXAMPLES, BATCH):
            X = data[order[start:start + BATCH]]
            Z = torch.randn(BATCH, 2)
            adam_D.zero_grad()
            fake = G(Z)
            loss_D = (loss(D(X), ones) + loss(D(fake.detach()), zeros)) / 2
            loss_D.backward()
            adam_D.step()
            adam_G.zero_grad()
            loss_G = loss(D(fake), ones)
            loss_G.backward()
            adam_G.step()
            sum_D += loss_D.detach()
            sum_G += loss_G.detach()
        by_epoch_D.append(sum_D.item() / STEPS)
        by_epoch_G.append(sum_G.item() / STEPS)
    return by_epoch_D, by_epoch_G


def main():
    models, repeats, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    options = {"fused": True} if kind == "fused" else {"foreach": False}

    def train(repeat):
        return zip(*[train_one(1000 * repeat + k, options) for k in range(models)])

    report(f"{kind} Adam", models, train, repeats, {"torch": torch.__version__})


main()
