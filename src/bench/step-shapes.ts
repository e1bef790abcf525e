/** What `bench step` times: two models at micro-batches of several shapes. */
import type { ModelConfig } from '../config/model-section.ts';

export const CHANNELS = 64;
export const CLASSES = 3;
export const SYMBOLS = 41;
/** The two models. */
export const BENCH_MODELS = ['reference', 'dilated'] as const;

export type BenchModel = (typeof BENCH_MODELS)[number];

/** Shape of a micro-batch. */
export interface BatchShape {
  readonly rows: number;
  readonly paddedLength: number;
  /** Timesteps that the shortest row lacks. The others lack evenly fewer, the longest none. */
  readonly shortBy: number;
}

/** A model and the shape of its micro-batch. */
export interface StepShape extends BatchShape {
  readonly model: BenchModel;
}

/**
 * Six shapes without padding, and one with the padding of a length-sorted micro-batch. Small ones first, since a
 * process may keep the memory that an earlier shape needed.
 */
const SHAPES: readonly BatchShape[] = [
  { rows: 8, paddedLength: 512, shortBy: 0 },
  { rows: 1, paddedLength: 8672, shortBy: 0 },
  { rows: 32, paddedLength: 512, shortBy: 0 },
  { rows: 8, paddedLength: 2048, shortBy: 0 },
  { rows: 8, paddedLength: 2048, shortBy: 100 },
  { rows: 1, paddedLength: 30720, shortBy: 0 },
  { rows: 2, paddedLength: 30720, shortBy: 0 },
];

/** All shapes of the given models. */
export function stepShapes(models: readonly BenchModel[]): StepShape[] {
  return models.flatMap((model) => SHAPES.map((shape) => ({ model, ...shape })));
}

/** 6 residual blocks of two convolutions for the dilated network, 1 for the reference. */
export function modelConfigOf(model: BenchModel): ModelConfig {
  const shared = { channels: CHANNELS, maskValue: -1 };
  return model === 'reference'
    ? { family: 'reference', ...shared }
    : { family: 'dilated', ...shared, input: 'value', dilations: [1, 2, 4, 8, 16, 32], kernel: 3 };
}

/** `[rows]`: length of each row. */
export function lengthsOf({ rows, paddedLength, shortBy }: BatchShape): number[] {
  return Array.from({ length: rows }, (_, row) =>
    rows === 1 ? paddedLength : paddedLength - Math.round((shortBy * row) / (rows - 1)),
  );
}

/** Multiplications and additions of the convolutions: forward, and twice as many for the two gradients. */
export function flopsOf(shape: StepShape): number {
  const tokens = lengthsOf(shape).reduce((a, b) => a + b, 0);
  const convolutions = shape.model === 'reference' ? 2 : 12;
  const encoder = 2 * CHANNELS;
  const kernel = 3;
  // The encoder's input has no gradient.
  return tokens * (3 * convolutions * 2 * kernel * CHANNELS * CHANNELS + 2 * encoder);
}

/** The shape as text, such as "8 × 512". */
export function describeShape({ rows, paddedLength, shortBy }: BatchShape): string {
  return `${rows} × ${shortBy === 0 ? '' : `${paddedLength - shortBy}…`}${paddedLength}`;
}
