"""How all figures look: sizes of a paper's columns, colours that the colour-blind tell apart and that differ in grey."""
import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  after the choice of a backend that needs no screen

COLUMN, PAGE = 3.5, 7.2  # inches: one and two columns of most journals
D_COLOUR, G_COLOUR, TRUE_COLOUR = "#0072b2", "#d55e00", "#000000"  # Okabe & Ito 2008
D_LINE, G_LINE = "-", "--"  # told apart in grey, too

pyplot.rcParams.update({
    "font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "legend.fontsize": 7, "xtick.labelsize": 7, "ytick.labelsize": 7,
    "axes.linewidth": 0.6, "lines.linewidth": 1.1, "legend.frameon": False, "legend.handlelength": 1.6,
    "figure.constrained_layout.use": True, "svg.hashsalt": "gansweep", "image.cmap": "viridis",
})


def panels(rows=1, columns=1, width=COLUMN, height=2.5, **options):
    return pyplot.subplots(rows, columns, figsize=(width, height), **options)


def ellipse(mean, covariance, deviations):
    """[200 x 2] points at `deviations` standard deviations of a normal law, in its first two components."""
    turn = np.linspace(0, 2 * np.pi, 200)
    values, vectors = np.linalg.eigh(covariance[:2, :2])
    circle = np.stack([np.cos(turn), np.sin(turn)])
    return (mean[:2, None] + deviations * vectors @ (np.sqrt(np.maximum(values, 0))[:, None] * circle)).T


def points_of(samples):
    """[n x 2] the first two components; of data with one component the second is 0."""
    return np.column_stack([samples[:, 0], np.zeros(len(samples))]) if samples.shape[1] == 1 else samples[:, :2]


def count(number, what):
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def legend_outside(figure, axes, where, title=None, columns=3):
    """A legend below or above all panels, for which the layout leaves room (before Matplotlib 3.7 it does not by itself)."""
    handles, labels = axes.get_legend_handles_labels()
    rows = -(-len(labels) // columns) + (title is not None)
    room = (0.06 + 0.16 * rows) / figure.get_size_inches()[1]
    figure.legend(handles, labels, loc=f"{'lower' if where == 'below' else 'upper'} center", ncols=columns, title=title,
                  handletextpad=0.4, columnspacing=0.9, borderaxespad=0.1, borderpad=0.1)
    figure.get_layout_engine().set(rect=(0, room if where == "below" else 0, 1, 1 - room))
