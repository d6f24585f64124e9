// The real data of a trial, drawn again: docs/randomness.md. For a picture double precision is near enough to float32.
function philox(counter, key) {
  const multiply = (a, b) => {
    const product = BigInt(a) * BigInt(b);
    return [Number(product >> 32n), Number(product & 0xffffffffn)];
  };
  let [c0, c1, c2, c3] = counter, [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiply(0xd2511f53, c0), [high1, low1] = multiply(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

function normals(seed, count) {
  const key = [Number(seed & 0xffffffffn), Number(seed >> 32n)], found = [];
  for (let block = 0; found.length < count; block++) {
    const words = philox([block, 0, 0, 0], key);
    for (const i of [0, 2]) {
      const radius = Math.sqrt(-2 * Math.log(((words[i] >>> 8) + 0.5) / 2 ** 24)), angle = (2 * Math.PI * words[i + 1]) / 2 ** 32;
      found.push(radius * Math.cos(angle), radius * Math.sin(angle));
    }
  }
  return found;
}

/** The first `count` real points: `[count][dimension]`. */
export function realData(law, dataSeed, count) {
  const d = law.b.length, x = normals(BigInt(dataSeed), count * d);
  return Array.from({ length: Math.min(count, law.n) }, (_, i) =>
    law.b.map((b, j) => law.A.reduce((sum, row, k) => sum + x[i * d + k] * row[j], b)));
}
