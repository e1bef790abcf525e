/** Random draws by name: a value depends on its key and position only, never on who draws it or when. */
import { philox4x32, philoxFirstWord } from './philox.ts';

/** What a draw is for: two purposes never share a stream. */
const PURPOSES = [
  'initial-weights',
  'micro-batch-order',
  'sequence-order',
  'crop',
  'mask',
  'label-draw',
  'subset',
  'synthetic',
  'split',
  'class-draw',
  'class-copies',
  'copy-crop',
  'test-groups',
  'rocket',
  'fit',
  'mask-fraction',
  'disguise',
  'views',
  'augment-window',
  'augment-noise',
  'mixing',
  'dropout',
  'dropout-channels',
] as const;

export type Purpose = (typeof PURPOSES)[number];

export interface RandomStream {
  /** Uniform over all 32-bit unsigned integers. */
  uint32(position: number): number;
  /** Uniform in [0, 1), a multiple of 2⁻³². */
  uniform(position: number): number;
  /** Uniform integer in [0, bound), bound ≤ 2³²; bias below 2⁻²⁰ for bounds to 4096, at most bound/2³². */
  integer(position: number, bound: number): number;
}

/**
 * The stream of (seed, purpose, major, minor), all uint32: for a mask, major is the epoch and minor the
 * sequence.
 */
export function randomStream(seed: number, purpose: Purpose, major = 0, minor = 0): RandomStream {
  const key: [number, number] = [seed >>> 0, PURPOSES.indexOf(purpose)];
  let cachedBlock = -1;
  let words: readonly number[] = [];
  const uint32 = (position: number): number => {
    const block = Math.floor(position / 4);
    if (block !== cachedBlock) {
      words = philox4x32([block >>> 0, Math.floor(block / 2 ** 32), major >>> 0, minor >>> 0], key);
      cachedBlock = block;
    }
    return words[position % 4]!;
  };
  const uniform = (position: number): number => uint32(position) / 2 ** 32;
  return {
    uint32,
    uniform,
    integer: (position, bound) => Math.floor(uniform(position) * bound),
  };
}

/**
 * `randomStream(…).integer(4 · block, bound)` for any block, fast: for draws of one number a block.
 */
export function blockIntegers(
  seed: number,
  purpose: Purpose,
  major = 0,
  minor = 0,
): (block: number, bound: number) => number {
  const purposeKey = PURPOSES.indexOf(purpose);
  const [seedKey, high, low] = [seed >>> 0, major >>> 0, minor >>> 0];
  return (block, bound) => {
    const counter1 = Math.floor(block / 2 ** 32);
    const word = philoxFirstWord(block >>> 0, counter1, high, low, seedKey, purposeKey);
    return Math.floor((word / 2 ** 32) * bound);
  };
}
