/** The lengths of the benchmark's dataset. */
import { randomStream } from '../../core/random.ts';

/** The range of the lengths. */
export interface LengthRange {
  readonly minimum: number;
  readonly maximum: number;
}

export const FULL_RANGE: LengthRange = { minimum: 512, maximum: 30_720 };

/** Log-uniform lengths, in random order. */
export function logUniformLengths(count: number, { minimum, maximum }: LengthRange): Int32Array {
  const random = randomStream(1, 'synthetic');
  const ratio = (maximum + 1) / minimum;
  return Int32Array.from({ length: count }, (_, i) =>
    Math.floor(minimum * ratio ** random.uniform(i)),
  );
}
