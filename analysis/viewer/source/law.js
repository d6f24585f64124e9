// Normal laws in two dimensions: ellipses, and the law of an affine generator.

/** Points of the ellipse at `deviations` standard deviations; `covariance` is [[a, b], [b, c]]. */
export function ellipse(mean, covariance, deviations) {
  const [[a, b], [, c]] = covariance, middle = (a + c) / 2, spread = Math.hypot((a - c) / 2, b);
  const turn = 0.5 * Math.atan2(2 * b, a - c);
  const [long, short] = [middle + spread, Math.max(0, middle - spread)].map((value) => deviations * Math.sqrt(Math.max(0, value)));
  return Array.from({ length: 97 }, (_, i) => {
    const t = (2 * Math.PI * i) / 96, u = long * Math.cos(t), v = short * Math.sin(t);
    return [mean[0] + u * Math.cos(turn) - v * Math.sin(turn), mean[1] + u * Math.sin(turn) + v * Math.cos(turn)];
  });
}

/** [[...], ...] times its own transpose (W W^T), or the transpose times it (A^T A). */
export function gram(matrix, transposed = false) {
  const rows = transposed ? matrix[0].map((_, j) => matrix.map((row) => row[j])) : matrix;
  return rows.map((left) => rows.map((right) => left.reduce((sum, value, k) => sum + value * right[k], 0)));
}

/** The data's law from /provenance/resolved. */
export function lawOf(resolved) {
  const list = (name) => JSON.parse(resolved.match(new RegExp(`^ +${name}: (\\[.*\\])$`, "m"))[1]);
  return { A: list("A"), b: list("b"), n: Number(resolved.match(/^ +n: (\d+)$/m)[1]) };
}
