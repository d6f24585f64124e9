// Small figures in SVG: axes, and what stands between them.

const WIDTH = 420, HEIGHT = 300, LEFT = 60, RIGHT = 18, TOP = 10, BOTTOM = 40;

/** About five round numbers between two ends. */
function ticks(low, high) {
  const raw = (high - low) / 5 || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + 1e-9 * step; value += step) {
    found.push(Math.abs(value) < step * 1e-9 ? 0 : value);
  }
  return found;
}

export const short = (value) => (value === 0 ? "0" : Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3 ? value.toExponential(1) : String(+value.toPrecision(4)));

/** Ends that hold all finite values, with a little room. */
export function ends(values, room = 0.05) {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) {
    return [0, 1];
  }
  const low = finite.reduce((a, b) => Math.min(a, b)), high = finite.reduce((a, b) => Math.max(a, b)), space = (high - low || Math.abs(low) || 1) * room;
  return [low - space, high + space];
}

export function Figure({ label, x, y, xLabel, yLabel, children }) {
  const scaleX = (value) => LEFT + ((value - x[0]) / (x[1] - x[0])) * (WIDTH - LEFT - RIGHT);
  const scaleY = (value) => HEIGHT - BOTTOM - ((value - y[0]) / (y[1] - y[0])) * (HEIGHT - TOP - BOTTOM);
  return (
    <svg className="figure" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <clipPath id={`clip-${label.replace(/\W/g, "")}`}><rect x={LEFT} y={TOP} width={WIDTH - LEFT - RIGHT} height={HEIGHT - TOP - BOTTOM} /></clipPath>
      {ticks(...x).map((value) => (
        <g key={`x${value}`}><line className="grid" x1={scaleX(value)} x2={scaleX(value)} y1={TOP} y2={HEIGHT - BOTTOM} />
          <text x={scaleX(value)} y={HEIGHT - BOTTOM + 14} textAnchor="middle">{short(value)}</text></g>
      ))}
      {ticks(...y).map((value) => (
        <g key={`y${value}`}><line className="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={scaleY(value)} y2={scaleY(value)} />
          <text x={LEFT - 5} y={scaleY(value) + 4} textAnchor="end">{short(value)}</text></g>
      ))}
      <rect className="frame" x={LEFT} y={TOP} width={WIDTH - LEFT - RIGHT} height={HEIGHT - TOP - BOTTOM} />
      <g clipPath={`url(#clip-${label.replace(/\W/g, "")})`}>{children(scaleX, scaleY)}</g>
      <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 6} textAnchor="middle">{xLabel}</text>
      <text transform={`translate(12 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`} textAnchor="middle">{yLabel}</text>
    </svg>
  );
}

/** Points in the place of a line that has one point only. */
export const Dots = ({ points, scaleX, scaleY }) => points.filter((point) => point.every(Number.isFinite)).map(([a, b], i) => <circle key={i} className="dot" cx={scaleX(a)} cy={scaleY(b)} r={3} />);

export const path = (points, scaleX, scaleY) =>
  points.filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b)).map(([a, b], i) => `${i ? "L" : "M"}${scaleX(a).toFixed(1)} ${scaleY(b).toFixed(1)}`).join("");

/** Viridis in eleven steps (Smith & van der Walt 2015): its lightness rises evenly, so that grey tells as much. */
const VIRIDIS = ["440154", "482475", "414487", "355f8d", "2a788e", "21918c", "22a884", "44bf70", "7ad151", "bddf26", "fde725"];

export function colour(share) {
  const at = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1), low = Math.min(VIRIDIS.length - 2, Math.floor(at));
  const mix = [0, 2, 4].map((i) => {
    const [a, b] = [VIRIDIS[low], VIRIDIS[low + 1]].map((hex) => parseInt(hex.slice(i, i + 2), 16));
    return Math.round(a + (b - a) * (at - low));
  });
  return `rgb(${mix.join(" ")})`;
}
