/** Quantiles of Student's t, for 95 % intervals. */

/** 97.5 % quantiles for 1, 2, 3 … degrees of freedom. */
const QUANTILES = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788,
  2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639,
  2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];
const NORMAL = 1.959964;

/** The 97.5 % quantile. @param freedom degrees of freedom, at least 1; a fraction counts as the integer below */
export function tQuantile(freedom: number): number {
  const whole = Math.max(1, Math.floor(freedom));
  // The expansion of Abramowitz & Stegun 26.7.5 has four decimals right from 30 on.
  const first = (NORMAL ** 3 + NORMAL) / 4;
  const second = (5 * NORMAL ** 5 + 16 * NORMAL ** 3 + 3 * NORMAL) / 96;
  return QUANTILES[whole - 1] ?? NORMAL + first / whole + second / whole ** 2;
}
