"""The figures. Each takes the results and returns a figure, or a text that says why there is none."""
import numpy as np
from matplotlib.ticker import FixedLocator, MaxNLocator

from analysis.results import LN_2
from analysis.style import (COLUMN, D_COLOUR, D_LINE, G_COLOUR, G_LINE, PAGE, TRUE_COLOUR, count, ellipse, legend_outside, panels,
                            points_of, pyplot)

NEAR = 0.0005  # nat from ln 2, about what prints as 0.693
CLOUD = 4000  # points that a scatter still shows
ELLIPSES = 150
MOST_BINS = 60
BANDS = 12  # configurations whose losses get a panel
MOST_TICKS = 9  # of an axis that shows its own values
NEAREST = 1e-7  # nat: a float's loss is not known to be nearer to ln 2
TRIALS = (5, 4)  # rows and columns of the page of trials
NO_SAMPLES = "the experiment keeps no samples"
ONE_COMPONENT = "the data have one component"


def epoch_axis(axes, epochs):
    axes.set_xlim(min(0.5, epochs[0] - 0.5), epochs[-1] + (0.5 if len(epochs) < 60 else 0))
    axes.xaxis.set_major_locator(FixedLocator(epochs) if len(epochs) == 1 else MaxNLocator(6, integer=True))


def ln2_line(axes, results, along="h", label="ln 2"):
    draw = axes.axhline if along == "h" else axes.axvline
    draw(LN_2, color=TRUE_COLOUR, linewidth=0.7, linestyle=":", label=label, zorder=1)
    if along == "h" and np.any(results.equilibrium_sign < 0):
        draw(-LN_2, color=TRUE_COLOUR, linewidth=0.7, linestyle=(0, (4, 2)), label=f"-{label} (minimax)" if label else None, zorder=1)


def notebook(results):
    """The notebook's own two panels for one training, that with the median covariance error."""
    trial = results.best_to_worst()[(results.trials - 1) // 2]
    two = results.samples_kept
    figure, axes = panels(1, 2 if two else 1, width=PAGE if two else COLUMN, height=2.6, squeeze=False)
    left = axes[0, 0]
    epochs = np.arange(1, results.epochs[trial] + 1)
    for name, label, colour, line in [("loss_D", "discriminator", D_COLOUR, D_LINE), ("loss_G", "generator", G_COLOUR, G_LINE)]:
        left.plot(epochs, results.of_trial(name, trial)[:len(epochs)], line, color=colour, label=label,
                  marker="." if len(epochs) < 3 else None)
    ln2_line(left, results)
    epoch_axis(left, epochs)
    left.set(xlabel="epoch", ylabel="loss (nats an example)",
             title=f"trial {results.numbers[trial]:,}, of median covariance error ({results.covariance_error[trial]:.2g})")
    left.legend()
    if two:
        real = results.plot("samples_median")
        if real is not None and f"Trial {results.numbers[trial]:,}," not in real["title"]:
            real = None  # the file shows another trial's: it grows, or shows a part of its trials
        if real is not None:
            mask = real["generated"] == 0
            axes[0, 1].plot(real["x"][mask], real["y"][mask], "o", color="0.65", markersize=3.5, markeredgewidth=0, label="real points")
        draw_points(axes[0, 1], results, trial, legend=True)
        axes[0, 1].set(xlabel="$x_1$", ylabel="$x_2$" if len(results.mean) > 1 else "",
                       title="its generated points" + ("" if real is None else ", real ones and the true law"))
    return figure


def draw_points(axes, results, trial, legend=False, size=3):
    points = points_of(results.of_trial("samples", trial))
    axes.plot(points[:, 0], points[:, 1], ".", color=G_COLOUR, markersize=size, markeredgewidth=0, alpha=0.7, label="generated points")
    if len(results.mean) == 1:
        axes.set_yticks([])
    else:
        for deviations, style in [(1, "-"), (2, "--")]:
            axes.plot(*ellipse(results.mean, results.covariance, deviations).T, style, color=TRUE_COLOUR, linewidth=0.8,
                      label=f"true law, {deviations} s.d.")
    if legend:
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + 0.25 * (high - low))  # room for the legend above the points
        axes.legend(loc="upper left", handletextpad=0.4)


def losses(results):
    """Bands of the losses: of all trainings of the only configuration, or of up to twelve configurations."""
    plot = results.plot("losses")
    several = "configuration" in plot
    shown = np.arange(len(plot["configuration"])) if several else np.array([0])
    if len(shown) > BANDS:
        shown = np.unique(np.linspace(0, len(shown) - 1, BANDS).round().astype(int))
    columns = min(4, len(shown))
    rows = -(-len(shown) // columns)
    figure, axes = panels(rows, columns, width=COLUMN if columns == 1 else PAGE, height=2.6 if columns == 1 else 0.5 + (1.5 + 0.1 * len(results.swept())) * rows,
                          squeeze=False, sharex=True, sharey=columns == 1)
    for axis, row in zip(axes.flat, shown):
        for network, colour, line, label in [("loss_D", D_COLOUR, D_LINE, "discriminator"), ("loss_G", G_COLOUR, G_LINE, "generator")]:
            low, median, high = (plot[f"{network}_{name}"][row] if several else plot[f"{network}_{name}"]
                                 for name in ("percentile_5", "median", "percentile_95"))
            axis.fill_between(plot["epoch"], low, high, color=colour, alpha=0.2, linewidth=0)
            axis.plot(plot["epoch"], median, line, color=colour, label=label, marker="." if len(plot["epoch"]) < 3 else None)
        ln2_line(axis, results)
        epoch_axis(axis, plot["epoch"])
        keep_in_sight(axis, plot, row if several else None)
        if several:
            axis.set_title(settings_of_row(results, plot, row), fontsize=7 if len(results.swept()) < 4 else 6)
    for axis in axes.flat[len(shown):]:
        axis.set_axis_off()
    if several:
        figure.supxlabel("epoch", fontsize=8)
        figure.supylabel("loss (nats an example)", fontsize=8)
        some = f", {len(shown)} of {len(plot['configuration'])} configurations" if len(shown) < len(plot["configuration"]) else ""
        legend_outside(figure, axes[0, 0], "above", f"{shown_trials(plot)}: median and band from 5 to 95 %{some}", columns=4)
    else:
        axes[0, 0].set(xlabel="epoch", ylabel="loss (nats an example)", title=f"{shown_trials(plot)}: median, 5 to 95 %")
        axes[0, 0].legend()
    return figure


def settings_of_row(results, plot, row):
    return "\n".join(f"{name} {results.value_of(name, plot[name][row])}" for name in results.swept())


def shown_trials(plot):
    return plot["title"].split(": ", 1)[1].split(":")[0]


def keep_in_sight(axis, plot, row):
    """Losses that explode would press all others onto one line: the axis ends at ten times ln 2 then, or above the medians."""
    curves = [plot[f"loss_{network}_{name}"] for network in "DG" for name in ("percentile_5", "median", "percentile_95")]
    values = np.concatenate([(curve if row is None else curve[row]) for curve in curves])
    values = values[np.isfinite(values)]
    if len(values) and np.abs(values).max() > 10 * LN_2:
        axis.set_yscale("symlog", linthresh=1)
        top, bottom = (np.floor(np.log10(max(end, 1))) for end in (values.max(), -values.min()))
        ends = [-10.0**bottom] if values.min() < -10 else []
        between = [10.0 ** round(top / 2)] if top > 3 else []
        axis.set_yticks(ends + [0, 1] * (top < 12) + [0] * (top >= 12) + between + [10.0**top])
        axis.minorticks_off()


def histogram(results):
    """Last losses of all trainings against ln 2."""
    plot = results.plot("last_losses")
    figure, axes = panels(height=2.6)
    both = plot["loss_D"] + plot["loss_G"]
    width = plot["loss"][1] - plot["loss"][0]
    share = np.cumsum(both) / max(both.sum(), 1)
    middle = np.abs(plot["loss"] - LN_2).argmin()
    low, high = min(np.searchsorted(share, 0.005), middle - 10), max(np.searchsorted(share, 0.995), middle + 10)
    pooled = max(1, round((high - low) / MOST_BINS))  # neighbours that share a bin, the one at ln 2 in the middle
    first = (middle - pooled // 2) % pooled
    bins = np.unique(np.append(0, np.arange(first, len(both), pooled)))  # the first and the last may be narrower
    edges = np.append(plot["loss"][bins] - width / 2, plot["loss"][-1] + width / 2)
    heights = {name: np.add.reduceat(plot[name], bins) for name in ("loss_D", "loss_G")}
    for name, label, colour, line in [("loss_D", "discriminator", D_COLOUR, D_LINE), ("loss_G", "generator", G_COLOUR, G_LINE)]:
        axes.stairs(heights[name], edges, color=colour, linestyle=line, label=label, linewidth=1)
        axes.stairs(heights[name], edges, color=colour, alpha=0.15, fill=True)
    ln2_line(axes, results, "v")
    beyond = high >= len(both) - 1
    edge = "the last bin holds all beyond" if beyond else "99 % of the losses are here"
    if beyond:  # wide enough to be seen
        edges[-1] = edges[-2] + max(edges[-1] - edges[-2], 0.03 * (edges[-1] - plot["loss"][max(low, 0)]))
    axes.set(xlim=(plot["loss"][max(low, 0)] - width, edges[-1] if beyond else plot["loss"][high] + width), ylim=(0, None),
             xlabel="loss of the last epoch (nats an example)", ylabel=f"trainings in a bin of {pooled * width:.2g} nat",
             title=f"{shown_trials(plot)}; {edge}")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.legend()
    return figure


MAPS = [("map_of_ln2", "share", "share at 0.693 / 0.693", False), ("map_of_covariance_ok", "share", "share with right covariance", False),
        ("map_of_covariance_error", "covariance_error", "median covariance error", True),
        ("map_of_frechet_distance", "frechet_distance", "median Fréchet distance", True)]


def maps(results):
    """The sweep over its two most varied settings: where the losses say equilibrium, and where the generator is right."""
    if results.plot("map_of_ln2") is None:
        return "no setting but seeds is swept"
    axes_of = results.axes_of("map_of_ln2")
    figure, axes = panels(2, 2, width=PAGE, height=5.2 if len(axes_of) == 2 else 4.4, sharex=True)
    for axis, (name, signal, label, logarithmic) in zip(axes.flat, MAPS):
        values = results.plot(name)[signal]
        (draw_map if len(axes_of) == 2 else draw_line)(figure, axis, axes_of, values, label, logarithmic, results)
    pooled = [name for name in results.swept() if name not in [axis[0] for axis in axes_of]]
    figure.suptitle(shown_trials(results.plot("map_of_ln2")) + (f", all values of {', '.join(pooled)} together" if pooled else ""),
                    fontsize=8)
    return figure


def tick_values(name, places, label, results):
    """Ticks at the swept values, when they are few: (places, labels); None for many, and for ranges of a design."""
    if label.endswith("middle of a range"):
        return None
    values = np.unique(results.plot("losses")[name]) if name in results.plot("losses") else []
    if len(values) != len(places) or len(values) > MOST_TICKS:
        return None
    return places, [results.value_of(name, value) for value in values]


def name_ticks(axis, along, named):
    if named is not None:
        places, labels = named
        tilted = along == "x" and sum(map(len, labels)) > 24
        getattr(axis, f"set_{along}ticks")(places, labels, rotation=30 if tilted else 0, ha="right" if tilted or along == "y" else "center")


def short(label):
    return label if len(label) < 46 else label.split(":")[0] + ", number of the value"


def draw_map(figure, axis, axes_of, values, label, logarithmic, results):
    from matplotlib.colors import LogNorm, Normalize
    (y_name, y_label, y), (x_name, x_label, x) = axes_of
    x_named, y_named = tick_values(x_name, x, x_label, results), tick_values(y_name, y, y_label, results)
    finite = values[np.isfinite(values) & (values > 0 if logarithmic else True)]
    norm = Normalize(0, 1)
    if logarithmic:
        low, high = (finite.min(), max(finite.max(), 1.001 * finite.min())) if len(finite) else (0.1, 1)
        norm = LogNorm(low, min(high, 1e4 * low))
    mesh = axis.pcolormesh(edges_of(x), edges_of(y), np.ma.masked_invalid(values), norm=norm, rasterized=True)
    axis.set_facecolor("0.85")
    axis.set(title=label)
    if axis.get_subplotspec().is_last_row():
        axis.set_xlabel(x_name if x_named else short(x_label))
    if axis.get_subplotspec().is_first_col():
        axis.set_ylabel(y_name if y_named else short(y_label))
    name_ticks(axis, "x", x_named)
    name_ticks(axis, "y", y_named)
    bar = figure.colorbar(mesh, ax=axis, extend="max" if logarithmic and len(finite) and finite.max() > norm.vmax else "neither")
    bar.outline.set_linewidth(0.4)


def edges_of(centres):
    middles = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - middles[0]], middles, [2 * centres[-1] - middles[-1]]])


def draw_line(figure, axis, axes_of, values, label, logarithmic, results):
    name, x_label, x = axes_of[0]
    named = ":" in x_label
    if named:
        axis.set_xticks(x, [part.split(" ", 1)[1] for part in x_label.split(": ", 1)[1].split(", ")][:len(x)])
    elif x[0] > 0 and x[-1] > 30 * x[0]:
        axis.set_xscale("log")
    axis.plot(x, values, "o" if named else "o-", color=D_COLOUR, markersize=3)
    axis.set(title=label)
    if axis.get_subplotspec().is_last_row():
        axis.set_xlabel(name if named else x_label)
    if logarithmic:
        axis.set_yscale("log")
    else:
        axis.set_ylim(-0.03, 1.03)


def covariance(results):
    """What the losses say of the covariance: each training's error against its distance from the equilibrium."""
    figure, axes = panels(height=3.2)
    chosen = np.unique(np.linspace(0, results.trials - 1, min(CLOUD, results.trials)).round().astype(int))
    distance = np.abs(results.last_losses()[:, chosen] - LN_2).max(axis=0)
    error, right = results.covariance_error[chosen], results.covariance_ok[chosen] == 1
    there = np.isfinite(distance) & np.isfinite(error) & (error > 0)
    distance = np.maximum(distance, NEAREST)
    for mask, marker, colour, label in [(~right, ".", D_COLOUR, "covariance wrong"), (right, "^", G_COLOUR, "covariance right")]:
        axes.loglog(distance[there & mask], error[there & mask], marker, color=colour, markersize=3, markeredgewidth=0, alpha=0.7,
                    label=label, rasterized=len(chosen) > 2000)
    axes.margins(x=0.02)
    left, end = axes.get_xlim()
    within = np.abs(results.last_losses() - LN_2).max(axis=0) <= NEAR
    near, right_share = within.sum() / results.finished, results.covariance_ok.sum() / results.finished
    if left < NEAR:
        axes.axvspan(left, NEAR, color="0.9", zorder=0, linewidth=0, label=f"within {NEAR} of ln 2")
    axes.set_xlim(left, end)
    part = "" if len(chosen) == results.finished else f"; {len(chosen):,} are drawn"
    axes.set(xlabel="distance of the last losses from ln 2 (nats)" + ("\n$10^{-7}$ stands for all that are nearer" if (distance <= NEAREST).any() else ""),
             ylabel="covariance error (relative Frobenius)",
             title=f"Of {count(results.finished, 'training')} {percent(near)} end within {NEAR} of ln 2,\n{percent(right_share)} are right{part}")
    legend_outside(figure, axes, "below")
    return figure


def percent(share):
    return f"{100 * share:.1f} %"


def ellipses(results):
    """Laws of many generators over the true one."""
    if len(results.mean) < 2:
        return ONE_COMPONENT
    chosen = results.best_to_worst()[np.unique(np.linspace(0, results.trials - 1, min(ELLIPSES, results.trials)).round().astype(int))]
    figure, axes = panels(height=3.0)
    true = ellipse(results.mean, results.covariance, 1)
    for right, colour, line in [(0, D_COLOUR, "-"), (1, G_COLOUR, "-")]:
        label = "covariance right" if right else "covariance wrong"
        for trial in chosen[results.covariance_ok[chosen] == right]:
            mean, covariance_ = results.law_of(trial)
            axes.plot(*ellipse(mean, covariance_, 1).T, line, color=colour, linewidth=0.5, alpha=0.4, label=label)
            label = None
    axes.plot(*true.T, color=TRUE_COLOUR, linewidth=1.6, label="true law")
    show_most(axes, true, [ellipse(*results.law_of(trial), 1) for trial in chosen])
    law = "exact laws" if "generator_weight" in results.file else "laws of the samples"
    axes.set(xlabel="$x_1$", ylabel="$x_2$", title=f"1 standard deviation of {law}\n{len(chosen):,} of {count(results.trials, 'generator')}, from best to worst")
    legend_outside(figure, axes, "below")
    return figure


def show_most(axes, true, others):
    """Limits for the true ellipse and nine tenths of the others, of which some may be as wide as they like."""
    reach = np.ptp(true, axis=0)
    ends = np.array([[points.min(axis=0), points.max(axis=0)] for points in others if np.isfinite(points).all()])
    low = true.min(axis=0) - 0.1 * reach
    high = true.max(axis=0) + 0.1 * reach
    if len(ends):
        low = np.maximum(np.minimum(low, np.quantile(ends[:, 0], 0.05, axis=0)), low - 1.5 * reach)
        high = np.minimum(np.maximum(high, np.quantile(ends[:, 1], 0.95, axis=0)), high + 1.5 * reach)
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])


def show_most_points(axes, results, chosen):
    """The same limits for all panels: the true law at 2 standard deviations, and nearly all points."""
    points = np.concatenate([points_of(results.of_trial("samples", trial)) for trial in chosen])
    true = ellipse(results.mean, results.covariance, 2) if len(results.mean) > 1 else points
    reach = np.ptp(true, axis=0)  # a generator that is far off is cut, so that the others can be seen
    low = np.clip(np.nanquantile(points, 0.02, axis=0), true.min(axis=0) - 0.6 * reach, true.min(axis=0))
    high = np.clip(np.nanquantile(points, 0.98, axis=0), true.max(axis=0), true.max(axis=0) + 0.6 * reach)
    room = 0.05 * (high - low)
    axes.set_xlim(low[0] - room[0], high[0] + room[0])
    if len(results.mean) > 1:
        axes.set_ylim(low[1] - room[1], high[1] + room[1])


def trials(results):
    """A page of trainings from the best to the worst covariance error."""
    if not results.samples_kept:
        return NO_SAMPLES
    order = results.best_to_worst()
    chosen = order[np.unique(np.linspace(0, results.trials - 1, min(TRIALS[0] * TRIALS[1], results.trials)).round().astype(int))]
    columns = min(TRIALS[1], len(chosen))
    rows = -(-len(chosen) // columns)
    width = PAGE if columns > 2 else COLUMN
    figure, axes = panels(rows, columns, width=width, height=0.5 + (1.75 if columns > 1 else 2.5) * rows, squeeze=False, sharex=True,
                          sharey=True)
    for axis, trial in zip(axes.flat, chosen):
        draw_points(axis, results, trial, size=3)
        axis.set_title(f"trial {results.numbers[trial]:,}: error {results.covariance_error[trial]:.2g}", fontsize=7)
        axis.tick_params(labelsize=6)
    show_most_points(axes[0, 0], results, chosen)
    for axis in axes.flat[len(chosen):]:
        axis.set_axis_off()
    legend_outside(figure, axes[0, 0], "above",
                   f"{len(chosen)} of {count(results.trials, 'training')}, from the least covariance error to the greatest")
    figure.supxlabel("$x_1$", fontsize=8)
    figure.supylabel("$x_2$" if len(results.mean) > 1 else "", fontsize=8)
    return figure


ALL = {"notebook": notebook, "losses": losses, "histogram": histogram, "maps": maps, "covariance": covariance,
       "ellipses": ellipses, "trials": trials}
