/**
 * Keeps one of every n samples behind a low-pass filter, so that tones above the new limit vanish instead of turning
 * into other tones. As `scipy.signal.decimate(ftype='fir')`: 20 n + 1 taps, a Hamming window, no delay, zeros beyond
 * both ends.
 */

/** @param samples all channels of one moment after the other */
export function decimate(
  samples: ArrayLike<number>,
  channels: number,
  factor: number,
): Float64Array {
  const taps = lowPass(factor);
  const half = (taps.length - 1) / 2;
  const length = samples.length / channels;
  const kept = Math.ceil(length / factor);
  const result = new Float64Array(kept * channels);
  for (let t = 0; t < kept; t++) {
    const first = Math.max(0, half - t * factor);
    const last = Math.min(taps.length, length + half - t * factor);
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let tap = first; tap < last; tap++) {
        sum += taps[tap]! * samples[(t * factor + tap - half) * channels + channel]!;
      }
      result[t * channels + channel] = sum;
    }
  }
  return result;
}

/** A sinc that ends at 1/n of the band, under a window; its taps add up to 1. */
function lowPass(factor: number): Float64Array {
  const half = 10 * factor;
  const taps = Float64Array.from({ length: 2 * half + 1 }, (_, i) => {
    const x = (Math.PI * (i - half)) / factor;
    const window = 0.54 - 0.46 * Math.cos((Math.PI * i) / half);
    return (x === 0 ? 1 : Math.sin(x) / x) * window;
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}
