// The sweep: a map of the configurations, and for the chosen one its losses, a trial's points, and the numbers.
import { useDataContext, useDatasetValue, useEntity } from "@h5web/app";
import { memo, Suspense, useMemo, useRef, useState } from "react";
import { realData } from "./draws.js";
import { colour, Dots, ends, Figure, path, short } from "./figure.jsx";
import { ellipse, gram, lawOf } from "./law.js";

const LN_2 = Math.LN2;
const MAPS = [
  ["map_of_ln2", "share", "Share at 0.693 / 0.693", false],
  ["map_of_covariance_ok", "share", "Share with right covariance", false],
  ["map_of_covariance_error", "covariance_error", "Median covariance error", true],
  ["map_of_frechet_distance", "frechet_distance", "Median Fréchet distance", true],
];
const SETTINGS = ["lr_D", "lr_G", "batch_size", "latent_dim", "epochs", "convention", "generator_loss"];
const SCORES = [
  ["covariance_error", "Covariance error"], ["frechet_distance", "Fréchet distance"], ["kl_exact", "KL of the exact law (nats)"],
  ["affine_invariant_distance", "Affine-invariant distance"],
];
const LEFT = 88, TOP = 4; // of the map, beside its labels
const STATUS = ["pending", "done", "diverged"];

const NAMES = { convention: ["mxnet", "torch", "tf", "tf-as-documented"], generator_loss: ["non-saturating", "minimax"] };

/** A setting's value as it stands in an experiment. */
const inWords = (name, value) => NAMES[name]?.[value] ?? short(value);

const numbers = (value) => (value === undefined ? undefined : Array.from(typeof value === "object" ? value : [value], Number));

/** A group's children by name; {} where there is none. */
function useChildren(name) {
  const group = useEntity(name);
  return useMemo(() => Object.fromEntries((group.children ?? []).map((child) => [child.name, child])), [group]);
}

/** A whole dataset, or the rows of a selection, as numbers; undefined when the file has none. Called in loops over names
 *  that are the same in every render. */
const useNumbers = (dataset, selection) => numbers(useDatasetValue(dataset, selection));

export function Sweep() {
  const root = useChildren("/");
  if (!root.plots || !root.status || !root.provenance) {
    return <p className="message" role="alert">This file is not one of gansweep's: its data are under the other tab.</p>;
  }
  return <OfGansweep root={root} />;
}

function OfGansweep({ root }) {
  const provenance = useChildren("/provenance");
  const version = Number(useDatasetValue(provenance.layout_version));
  if (version !== 4) {
    return <p className="message" role="alert">The file has layout version {version}, and this page reads version 4: use the page of the gansweep that made it.</p>;
  }
  if (Number(useDatasetValue(provenance.virtual)) === 1) {
    return <p className="message" role="alert">The file is virtual: its rows lie in other files, which a browser can't read along. gansweep merge makes one file of them.</p>;
  }
  return <Configurations root={root} provenance={provenance} />;
}

function Configurations({ root, provenance }) {
  const plots = useChildren("/plots"), losses = useChildren("/plots/losses");
  const title = useDatasetValue(losses.title);
  const law = lawOf(useDatasetValue(provenance.resolved));
  const shown = useNumbers(losses.configuration) ?? [0];
  const begin = Number(useDatasetValue(provenance.first_trial)); // of the file, which may be a shard
  const first = useNumbers(losses.first_trial) ?? [begin];
  const names = SETTINGS.filter((name) => losses[name]);
  const settings = names.map((name) => useNumbers(losses[name]));
  const [row, setRow] = useState(0);
  const together = useNumbers(losses.consecutive_trials) ?? [trialCount(root)];
  const cellOfRow = useNumbers(losses.cell) ?? [0];
  const describe = (at) => names.map((name, i) => `${name} ${inWords(name, settings[i][at])}`).join(", ") || "the only configuration";
  return (
    <div className="sweep">
      <p className="title">{title.split(": ").slice(1).join(": ")}</p>
      {plots.map_of_ln2 && <Maps cellOfRow={cellOfRow} row={row} setRow={setRow} describe={describe} />}
      <section className="chosen" aria-live="polite">
        <h2>Configuration {shown[row]}: {describe(row)}</h2>
        <div className="panels">
          <Suspense fallback={<p>Reading ...</p>}><Bands losses={losses} row={shown.length > 1 || losses.configuration ? row : null} /></Suspense>
          <Suspense fallback={<p>Reading ...</p>}><Trials key={shown[row]} root={root} law={law} begin={begin} first={first[row]} count={together[row]} /></Suspense>
        </div>
      </section>
    </div>
  );
}

const trialCount = (root) => root.status.shape.dims?.[0] ?? root.status.shape[0];

/** What stands at a cell of an axis: the setting's value, as far as the axis tells it. */
function atCell({ name, label, positions }, i) {
  if (label.startsWith("log10 of ")) {
    return short(10 ** positions[i]);
  }
  // "lr_D: 0 is 0.001, 1 is 0.05, ...", "convention: 0 mxnet, 1 tf"
  const listed = label.startsWith(`${name}: `) && label.match(new RegExp(`[:,] ${positions[i]} (?:is )?([^,]+)`));
  return listed ? listed[1] : label.startsWith(`${name}: `) ? `value ${positions[i]}` : short(positions[i]);
}

/** The axes of a map, rows first, as its group names them. */
function useAxes(group) {
  const { attrValuesStore } = useDataContext();
  const entity = useEntity(group), plot = useChildren(group);
  const names = [attrValuesStore.get(entity).axes].flat();
  const positions = names.map((name) => useNumbers(plot[name]));
  return names.map((name, i) => ({ name, positions: positions[i], size: positions[i].length, label: String(attrValuesStore.get(plot[name]).long_name) }));
}

/** Where a cell is drawn: columns from the left, lines from below. */
const placeOf = (cell, width, height, side) => ({
  x: LEFT + (cell % width) * side, y: TOP + (height - 1 - Math.floor(cell / width)) * side, width: side - (side > 8 ? 1 : 0), height: side - (side > 8 ? 1 : 0),
});

/** Cells of an axis that are labelled: all where there is room, else the first and the last. */
const ticksOf = (size, side, room) => (side >= room ? Array.from({ length: size }, (_, i) => i) : [...new Set([0, size - 1])]);

const inCell = (value) => (Number.isFinite(value) ? short(value) : "nothing finished, or all diverged");

/** All cells; not drawn again when another one is chosen. */
const Cells = memo(function Cells({ values, ordered, low, high, logarithmic, side }) {
  const width = ordered.at(-1).size, height = values.length / width;
  const shade = (value) => (Number.isFinite(value) ? colour(((logarithmic ? Math.log(Math.max(value, 1e-300)) : value) - low) / (high - low || 1)) : "var(--missing)");
  // a cell of a design is a range of values
  const label = (axis, i) => `${axis.name} ${axis.label.endsWith("middle of a range") ? "about " : ""}${atCell(axis, i)}`;
  const columns = Array.from({ length: width }, (_, i) => label(ordered.at(-1), i));
  const lines = ordered.length === 2 ? Array.from({ length: height }, (_, i) => `, ${label(ordered[0], i)}`) : [""];
  return values.map((value, cell) => (
    <rect key={cell} className="cell" data-cell={cell} {...placeOf(cell, width, height, side)} fill={shade(value)}>
      <title>{`${columns[cell % width]}${lines[Math.floor(cell / width)]}: ${inCell(value)}`}</title>
    </rect>
  ));
});

function Maps({ cellOfRow, row, setRow, describe }) {
  const [quantity, setQuantity] = useState(0);
  const [group, signal, , logarithmic] = MAPS[quantity];
  const read = useDatasetValue(useChildren(`/plots/${group}`)[signal]);
  const values = useMemo(() => numbers(read), [read]);
  const axes = useAxes(`/plots/${group}`);
  const ordered = useMemo(() => axes, [group, axes.map((axis) => axis.positions.join()).join("|")]);
  const cells = useMemo(() => {
    const found = new Map();
    cellOfRow.forEach((cell, at) => found.set(cell, [...(found.get(cell) ?? []), at]));
    return found;
  }, [cellOfRow.join()]);
  const [height, width] = ordered.length === 2 ? [ordered[0].size, ordered[1].size] : [1, ordered[0].size];
  const [low, high] = useMemo(() => {
    const finite = values.filter((value) => Number.isFinite(value) && (!logarithmic || value > 0));
    return logarithmic && finite.length ? [Math.min, Math.max].map((end) => Math.log(finite.reduce((a, b) => end(a, b)))) : [0, 1];
  }, [values, logarithmic]);
  const chosen = cellOfRow[row], grid = useRef(null);
  const choose = (cell) => cells.has(cell) && setRow(cells.get(cell)[0]);
  const move = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: width, ArrowDown: -width }[event.key];
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    for (let cell = chosen + step; cell >= 0 && cell < width * height; cell += step) {
      if ((step === 1 || step === -1) && Math.floor(cell / width) !== Math.floor(chosen / width)) {
        return;
      }
      if (cells.has(cell)) {
        choose(cell);
        return;
      }
    }
  };
  const side = Math.max(3, Math.min(34, Math.min(420, window.innerWidth - 110) / width, 320 / height));
  return (
    <section className="map">
      <div className="quantities" role="radiogroup" aria-label="what the map shows">
        {MAPS.map(([name, , text], i) => (
          <button key={name} role="radio" aria-checked={quantity === i} onClick={() => setQuantity(i)}>{text}</button>
        ))}
      </div>
      <svg ref={grid} className="grid-map" tabIndex={0} role="application" onKeyDown={move} width={width * side + LEFT + 4} height={height * side + 46}
           aria-label={`${MAPS[quantity][2]} by configuration; arrow keys choose one. Chosen: ${describe(row)}, ${short(values[chosen])}`}>
        <g onClick={(event) => event.target.dataset.cell !== undefined && choose(Number(event.target.dataset.cell))}>
          <Cells values={values} ordered={ordered} low={low} high={high} logarithmic={logarithmic} side={side} />
        </g>
        <rect className="chosen-cell" {...placeOf(chosen, width, height, side)} />
        <text x={LEFT + (width * side) / 2} y={height * side + 40} textAnchor="middle">{ordered.at(-1).name}</text>
        {ticksOf(width, side, 36).map((i) => <text key={`x${i}`} x={LEFT + (i + 0.5) * side} y={height * side + 20} textAnchor="middle">{atCell(ordered.at(-1), i)}</text>)}
        {ordered.length === 2 && <text transform={`translate(12 ${4 + (height * side) / 2}) rotate(-90)`} textAnchor="middle">{ordered[0].name}</text>}
        {ordered.length === 2 && ticksOf(height, side, 14).map((i) => <text key={`y${i}`} x={LEFT - 4} y={8 + (height - 0.5 - i) * side} textAnchor="end">{atCell(ordered[0], i)}</text>)}
      </svg>
      <p className="value">Chosen: {describe(row)}: {inCell(values[chosen])}</p>
      <p className="legend" aria-label="colours"><span>{short(logarithmic ? Math.exp(low) : 0)}</span><span className="bar" /><span>{short(logarithmic ? Math.exp(high) : 1)}</span></p>
      {(cells.get(chosen) ?? []).length > 1 && (
        <label>In this cell: <select value={row} onChange={(event) => setRow(Number(event.target.value))}>
          {cells.get(chosen).map((at) => <option key={at} value={at}>{describe(at)}</option>)}
        </select></label>
      )}
    </section>
  );
}

function Bands({ losses, row }) {
  const epochs = useNumbers(losses.epoch), selection = row === null ? undefined : `${row},:`;
  const curves = {};
  for (const network of ["loss_D", "loss_G"]) {
    for (const name of ["median", "percentile_5", "percentile_95"]) {
      curves[`${network}_${name}`] = useNumbers(losses[`${network}_${name}`], selection);
    }
  }
  const y = ends([...Object.values(curves).flat(), LN_2]);
  return (
    <figure>
      <Figure label="Losses by epoch" x={[Math.min(1, epochs[0]) - 0.5, epochs.at(-1) + 0.5]} y={y} xLabel="epoch" yLabel="loss (nats an example)">
        {(sx, sy) => (
          <>
            {["loss_D", "loss_G"].map((network) => {
              const along = (name) => epochs.map((epoch, i) => [epoch, curves[`${network}_${name}`][i]]);
              const band = [...along("percentile_5"), ...along("percentile_95").reverse()];
              return <g key={network} className={network}>
                {path(band, sx, sy) && <path className="band" d={`${path(band, sx, sy)}Z`} />}
                {epochs.length > 1 ? <path className="line" d={path(along("median"), sx, sy)} /> : <Dots points={along("median")} scaleX={sx} scaleY={sy} />}
              </g>;
            })}
            <line className="ln2" x1={0} x2={1000} y1={sy(LN_2)} y2={sy(LN_2)} />
          </>
        )}
      </Figure>
      <figcaption><span className="key loss_D">discriminator</span> <span className="key loss_G">generator</span>: medians, bands from 5 to 95 %; <span className="key ln2">ln 2</span></figcaption>
    </figure>
  );
}

function Trials({ root, law, begin, first, count }) {
  const [offset, setOffset] = useState(0);
  const [elsewhere, setElsewhere] = useState(false);
  const last = first + count - 1;
  const trial = Math.min(first + offset, last);
  return (
    <>
      <div className="trial-picker">
        <button onClick={() => setOffset(Math.max(0, offset - 1))} disabled={offset === 0} aria-label="trial before">‹</button>
        <label>trial <input type="number" min={first} max={last} value={trial} onChange={(event) => {
          const wanted = Number(event.target.value);
          setElsewhere(wanted < first || wanted > last);
          setOffset(Math.max(0, Math.min(last - first, wanted - first)));
        }} /></label>
        <button onClick={() => setOffset(offset + 1)} disabled={trial >= last} aria-label="next trial">›</button>
        {elsewhere && <span role="alert">This configuration has trials {first} to {last}.</span>}
      </div>
      <Suspense fallback={<p>Reading ...</p>}><Trial root={root} law={law} place={trial - begin} /></Suspense>
    </>
  );
}

/** @param place  of the trial among those of the file */
function Trial({ root, law, place }) {
  const d = law.b.length, at = (name, rest = "") => useNumbers(root[name], `${place}${rest}`);
  const [status] = at("status"), [seed] = at("seed"), dataSeed = useDatasetValue(root.data_seed, `${place}`);
  const samples = at("samples", ",:,:");
  const mean = at("sample_mean", ",:"), covariance = at("sample_covariance", ",:,:");
  const weight = at("generator_weight", ",:,:"), bias = at("generator_bias", ",:");
  const scores = SCORES.map(([name]) => at(name)?.[0]);
  const [ok] = at("covariance_ok");
  const kept = samples ? samples.length / d : 0;
  const real = useMemo(() => (kept && d > 1 ? realData(law, Array.isArray(dataSeed) || ArrayBuffer.isView(dataSeed) ? dataSeed[0] : dataSeed, kept) : []), [place, kept]);
  const generated = Array.from({ length: kept }, (_, i) => [samples[i * d], samples[i * d + 1]]);
  const truth = gram(law.A, true);
  const rows = (flat, columns) => Array.from({ length: flat.length / columns }, (_, i) => flat.slice(i * columns, (i + 1) * columns));
  const exact = weight !== undefined;
  const own = exact ? [bias, gram(rows(weight.map((value) => (Number.isFinite(value) ? value : 0)), weight.length / d))] : [mean, rows(covariance, d)];
  const trueEllipses = d > 1 ? [1, 2].map((deviations) => ellipse(law.b, truth, deviations)) : [];
  const ownEllipses = d > 1 && status === 1 ? [1, 2].map((deviations) => ellipse(own[0], own[1], deviations)) : [];
  const all = [...generated, ...real, ...trueEllipses.flat()];
  return (
    <>
      {d > 1 && (
        <figure>
          <Figure label="Points of the trial" x={ends(all.map((point) => point[0]))} y={ends(all.map((point) => point[1]))} xLabel="x₁" yLabel="x₂">
            {(sx, sy) => (
              <>
                {real.map((point, i) => <circle key={`r${i}`} className="real" cx={sx(point[0])} cy={sy(point[1])} r={2} />)}
                {status === 1 && generated.map((point, i) => <circle key={`g${i}`} className="generated" cx={sx(point[0])} cy={sy(point[1])} r={2} />)}
                {trueEllipses.map((points, i) => <path key={`t${i}`} className="true-law" d={path(points, sx, sy)} />)}
                {ownEllipses.map((points, i) => <path key={`o${i}`} className="own-law" d={path(points, sx, sy)} />)}
              </>
            )}
          </Figure>
          <figcaption>
            {kept > 0 && <><span className="key real">real</span> <span className="key generated">generated</span> </>}
            <span className="key true-law">true law</span> <span className="key own-law">{exact ? "trained law" : "law of the samples"}</span>: 1 and 2 standard deviations
          </figcaption>
        </figure>
      )}
      <table>
        <tbody>
          <tr><th scope="row">Status</th><td>{STATUS[status]}</td></tr>
          <tr><th scope="row">Seed</th><td>{seed}</td></tr>
          <tr><th scope="row">Covariance</th><td>{status === 0 ? "–" : ok ? "right" : "wrong"}</td></tr>
          {SCORES.map(([name, label], i) => <tr key={name}><th scope="row">{label}</th><td>{Number.isFinite(scores[i]) ? short(scores[i]) : "–"}</td></tr>)}
        </tbody>
      </table>
    </>
  );
}
