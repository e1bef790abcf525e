/**
 * The kernels of MiniRocket: Dempster, Schmidt & Webb, "MiniRocket: A Very Fast (Almost) Deterministic Transform for
 * Time Series Classification" (KDD 2021). Each has nine weights: three are 2, six are −1.
 */

/** Weights of a kernel. */
export const KERNEL_LENGTH = 9;
/** From the middle of a kernel to its end. */
export const REACH = (KERNEL_LENGTH - 1) / 2;

/** The positions of the three weights of 2, for each of the 84 kernels. */
export const KERNELS: readonly (readonly [number, number, number])[] = triples();

function triples(): [number, number, number][] {
  const all: [number, number, number][] = [];
  for (let a = 0; a < KERNEL_LENGTH; a++) {
    for (let b = a + 1; b < KERNEL_LENGTH; b++) {
      for (let c = b + 1; c < KERNEL_LENGTH; c++) all.push([a, b, c]);
    }
  }
  return all;
}

/** Which dilations, and how many features each kernel has at each of them. */
export interface Dilations {
  /** Ascending. */
  readonly dilations: Int32Array;
  /** Of one kernel, indexed like `dilations`. */
  readonly features: Int32Array;
}

/** Rounding must not turn a power that is an integer into the one below. */
const ROUNDING = 1e-9;

/**
 * Dilations from 1 to where a kernel spans `length` timesteps, evenly spaced in their logarithms; equal ones are one,
 * with the features of all.
 * @param features of all kernels together
 * @param most dilations of a kernel
 */
export function dilationsFor(length: number, features: number, most: number): Dilations {
  const perKernel = Math.max(1, Math.floor(features / KERNELS.length));
  const count = Math.min(perKernel, most);
  const widest = Math.max(1, (length - 1) / (KERNEL_LENGTH - 1));
  const times = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const dilation = Math.floor(widest ** (i / Math.max(1, count - 1)) + ROUNDING);
    times.set(dilation, (times.get(dilation) ?? 0) + 1);
  }
  const shares = Int32Array.from(times.values(), (n) => Math.floor((n * perKernel) / count));
  const rest = perKernel - shares.reduce((sum, n) => sum + n, 0);
  for (let i = 0; i < rest; i++) shares[i % shares.length]! += 1;
  return { dilations: Int32Array.from(times.keys()), features: shares };
}

/** Features of all kernels and dilations. */
export function featureCount({ features }: Pick<Dilations, 'features'>): number {
  return KERNELS.length * features.reduce((sum, n) => sum + n, 0);
}

const GOLDEN_RATIO = (Math.sqrt(5) + 1) / 2;

/** The quantile at which the bias of a feature lies: a sequence of low discrepancy. */
export function biasQuantile(feature: number): number {
  return Math.fround(((feature + 1) * GOLDEN_RATIO) % 1);
}
