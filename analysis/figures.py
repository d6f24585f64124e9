"""The figures: losses by epoch, generated points over the true law, covariance error against the losses."""
import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  after the choice of a backend that needs no screen

from analysis.results import LN_2  # noqa: E402

D_COLOUR, G_COLOUR, TRUE_COLOUR = "#0072b2", "#d55e00", "#000000"  # Okabe & Ito 2008: told apart by the colour-blind
CLOUD = 2000  # points that a scatter still shows


def losses(results):
    """Median over the trials with the band from 5 to 95 %, as the notebook's left panel has one trial's."""
    figure, axes = pyplot.subplots(figsize=(5, 3.4), layout="constrained")
    epochs = np.arange(1, results.epochs.max() + 1)
    pooled = len(np.unique(results.configuration))
    for name, values, colour, line in [("discriminator", results.loss_D, D_COLOUR, "-"),
                                       ("generator", results.loss_G, G_COLOUR, "--")]:
        low, median, high = np.nanpercentile(values[:, :len(epochs)], [5, 50, 95], axis=0)
        axes.fill_between(epochs, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(epochs, median, line, color=colour, label=name, marker="." if len(epochs) < 3 else None)
    for sign in np.unique(np.append(results.equilibrium_sign, 1)):
        axes.axhline(sign * LN_2, color=TRUE_COLOUR, linewidth=0.8, linestyle=":", label="ln 2" if sign > 0 else "-ln 2")
    title = f"{results.trials:,} trainings: median, 5 to 95 %"
    axes.set(xlabel="epoch", ylabel="loss (nats an example)",
             title=title if pooled == 1 else f"{title}\npooled over {pooled:,} configurations")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False)
    return figure


def ellipse(mean, covariance, deviations):
    """[200 x 2] points at `deviations` standard deviations of a normal law."""
    turn = np.linspace(0, 2 * np.pi, 200)
    values, vectors = np.linalg.eigh(covariance)
    circle = np.stack([np.cos(turn), np.sin(turn)])
    return (mean[:, None] + deviations * vectors @ (np.sqrt(np.maximum(values, 0))[:, None] * circle)).T


def samples(results):
    """Points of the trainings with the least, the median and the greatest covariance error; None when none are kept."""
    if not results.samples_kept:
        return None
    order = np.argsort(results.covariance_error)
    figure, panels = pyplot.subplots(1, 3, figsize=(9, 3.4), layout="constrained", sharex=True, sharey=True)
    for axes, name, trial in zip(panels, ["best", "median", "worst"], order[[0, len(order) // 2, -1]]):
        points = results.samples_of(trial)
        if points.shape[1] == 1:
            points = np.column_stack([points, np.zeros(len(points))])
        axes.plot(points[:, 0], points[:, 1], ".", color=G_COLOUR, markersize=3, label="generated")
        if len(results.mean) > 1:
            for deviations in (1, 2):
                axes.plot(*ellipse(results.mean[:2], results.covariance[:2, :2], deviations).T, color=TRUE_COLOUR,
                          linewidth=0.8, label="true law, 1 and 2 s.d." if deviations == 1 else None)
        axes.set(xlabel="$x_1$", title=f"{name}: covariance error {results.covariance_error[trial]:.2g}")
    panels[0].set_ylabel("$x_2$" if len(results.mean) > 1 else "")
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low, high + 0.25 * (high - low))  # room for the legend above the points
    panels[0].legend(frameon=False, fontsize="small", loc="upper left")
    return figure


def covariance(results):
    """What the losses say of the covariance: each training's error against its distance from the equilibrium."""
    figure, axes = pyplot.subplots(figsize=(5, 3.6), layout="constrained")
    shown = np.random.default_rng(1).permutation(results.trials)[:CLOUD]
    distance = np.maximum(np.abs(results.last_D - LN_2), 1e-6)[shown]
    error, right = results.covariance_error[shown], results.covariance_ok[shown] == 1
    axes.loglog(distance[~right], error[~right], ".", color=D_COLOUR, markersize=3, label="covariance wrong")
    axes.loglog(distance[right], error[right], "^", color=G_COLOUR, markersize=3, label="covariance right")
    axes.axvspan(axes.get_xlim()[0], 0.0005, color="0.92", zorder=0, label="within 0.0005 of ln 2")
    axes.set(xlabel="|loss of the discriminator - ln 2| (nats)", ylabel="covariance error (relative Frobenius)",
             title=f"{100 * results.prints_ln2().mean():.1f} % print 0.693 / 0.693, "
                   f"{100 * results.covariance_ok.mean():.1f} % are right")
    axes.margins(x=0)
    figure.legend(loc="lower center", ncols=3, fontsize="small", frameon=False, handletextpad=0.2)
    figure.get_layout_engine().set(rect=(0, 0.07, 1, 0.93))  # the legend stands below the panel
    return figure


ALL = {"losses": losses, "samples": samples, "covariance": covariance}
