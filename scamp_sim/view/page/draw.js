// From planes to pixels: scales, colours of differences, histograms.

export const READOUT = [-128, 127];
const SMALL_SPAN = 24;

export function isBits(plane) {
  return plane.kind === "bits";
}

// Least, most and mean of a plane; of bits how many are set.
export function numbers(plane) {
  const data = plane.data;
  let low = Infinity;
  let high = -Infinity;
  let sum = 0;
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (v < low) low = v;
    if (v > high) high = v;
    sum += v;
  }
  return { low, high, mean: sum / data.length, sum, count: data.length };
}

// The values that are black and white.
export function scaleOf(plane, how, stats) {
  if (plane.kind === "bits") return [0, 1];
  if (plane.kind === "image") return [0, 255];
  if (plane.kind === "difference") {
    const most = Math.max(Math.abs(stats.low), Math.abs(stats.high), 1e-6);
    return [-most, most];
  }
  if (how === "readout") return READOUT;
  const { low, high } = stats;
  if (how === "fit" || (high > low && high - low < SMALL_SPAN)) return high > low ? [low, high] : READOUT;
  if (low >= 0) return [0, 127];
  return high <= 0 ? [-128, 0] : READOUT;
}

// Chip minus ideal; of bits, where they differ.
export function difference(chip, ideal) {
  const data = new Float32Array(chip.data.length);
  for (let i = 0; i < data.length; i++) data[i] = chip.data[i] - ideal.data[i];
  return { kind: "difference", of: chip.kind, shape: chip.shape, data };
}

export function paint(plane, scale) {
  const [rows, columns] = plane.shape;
  const image = new ImageData(columns, rows);
  const out = new Uint32Array(image.data.buffer);
  const [low, high] = scale;
  const factor = high > low ? 255 / (high - low) : 0;
  const data = plane.data;
  if (plane.kind === "difference") {
    for (let i = 0; i < data.length; i++) {
      const t = Math.max(-1, Math.min(1, data[i] / high));
      const m = Math.sqrt(Math.abs(t));
      // from a neutral dark to orange above, to blue below
      const r = t > 0 ? 38 + 217 * m : 38 - 4 * m;
      const g = 40 + (t > 0 ? 120 * m : 130 * m);
      const b = t > 0 ? 44 - 24 * m : 44 + 211 * m;
      out[i] = 0xff000000 | (b << 16) | (g << 8) | r;
    }
    return image;
  }
  for (let i = 0; i < data.length; i++) {
    const level = Math.max(0, Math.min(255, Math.round((data[i] - low) * factor)));
    out[i] = 0xff000000 | (level << 16) | (level << 8) | level;
  }
  return image;
}

export function histogram(plane, scale, bins) {
  const counts = new Uint32Array(bins);
  const [low, high] = scale;
  const factor = bins / (high - low || 1);
  const data = plane.data;
  for (let i = 0; i < data.length; i++) {
    const bin = Math.floor((data[i] - low) * factor);
    counts[bin < 0 ? 0 : bin >= bins ? bins - 1 : bin] += 1;
  }
  return counts;
}

export function shown(value, kind) {
  if (kind === "bits") return String(value);
  const text = Math.abs(value) >= 100 ? value.toFixed(1) : value.toFixed(2);
  return text.replace(/\.?0+$/, "").replace(/^-0$/, "0").replace("-", "\u2212");
}
