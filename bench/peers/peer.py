"""What all peers share: the work, as section 17.1 of d2l.ai with the mxnet notebook's conventions says it, and how a peer
reports.

A trial: 1000 real examples x = z A + b; G: Linear(2, 2); D: Linear(2, 5), tanh, Linear(5, 3), tanh, Linear(3, 1); weights
N(0, 0.02^2), biases 0; 20 epochs of 125 steps on batches of 8 in a new order each epoch; each step draws latents, updates D
on real and fake, then G through the updated D on the same fake batch; losses are means over the batch; Adam with rates 0.05
(D) and 0.005 (G), betas 0.9 and 0.999. The mean loss of D and of G in every epoch is kept.
"""
import json
import time

A = [[1.0, 2.0], [-0.1, 0.5]]
B = [1.0, 2.0]
EXAMPLES, BATCH, EPOCHS = 1000, 8, 20
STEPS = EXAMPLES // BATCH
RATE_D, RATE_G, BETA1, BETA2, EPSILON = 0.05, 0.005, 0.9, 0.999, 1e-8
SIZES_D, SIZES_G = (2, 5, 3, 1), (2, 2)
STANDARD_DEVIATION = 0.02


def report(setting, models, train, repeats, versions):
    """Trains `models` trials once for compilation, then `repeats` times, and prints one line of JSON.

    train(seed) returns the losses of D and of G, each [models][EPOCHS].
    """
    seconds = []
    loss_D, loss_G = [], []
    for repeat in range(repeats + 1):
        start = time.perf_counter()
        D, G = train(repeat)
        seconds.append(time.perf_counter() - start)
        loss_D += [float(row[-1]) for row in D]
        loss_G += [float(row[-1]) for row in G]
    best = sorted(seconds[1:])[repeats // 2]
    print(json.dumps({"setting": setting, "trials_a_second": [models / s for s in seconds[1:]],
                      "compile_seconds": max(0.0, seconds[0] - best), "versions": versions, "loss_D": loss_D,
                      "loss_G": loss_G}))
