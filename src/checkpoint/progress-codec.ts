/**
 * `Progress` as a description and named tensors, and back. The tensors come in parts: a checkpoint writes each
 * part as a safetensors file, a snapshot writes all of them as one block (worker/training/snapshot.ts).
 */
import { z } from 'zod';
import type { StateLayout } from '../engine/engine.ts';
import type { BestWeights, Metric, Progress } from './progress.ts';
import type { Tensor } from './safetensors.ts';
import {
  gather,
  gatherWeights,
  momentNames,
  momentTensors,
  type TensorSource,
  weightTensors,
} from './state-tensors.ts';

const count = z.int().min(0);

/** The schema of a `Metric`. */
export const metric = z.strictObject({ name: z.string(), value: z.number().nullable() });

/** The schema of a `Stopped`. */
export const stopped = z.strictObject({
  stepInPhase: count,
  steps: count,
  best: metric,
  bestStepInPhase: count,
});

/** All of a `Progress` that is no tensor. */
export const progressDescription = z.strictObject({
  /** Global steps done since the run began. */
  globalStep: count,
  evaluated: z.boolean(),
  unfinished: z.boolean(),
  /** Steps in a row, the last one included, whose update was skipped. */
  skippedSteps: count,
  /** Names of the optimizer's moments, in the order of `TrainState.moments`. */
  moments: z.array(z.string()),
  /** Whose weights the part `best` holds. */
  best: z.strictObject({ metric, stepInPhase: count }).nullable(),
  /** Of a phase that may end early. */
  waiting: z
    .strictObject({ metric, stepInPhase: count, evaluations: count, isOver: z.boolean() })
    .nullable()
    .default(null),
  /** Whether there is a part `average`. */
  average: z.boolean().default(false),
  /** Names of the phases whose results are the parts `result-<name>`. */
  results: z.array(z.string()),
  /** Whether there is a part `initial`. */
  initialWeights: z.boolean(),
});

export type ProgressDescription = Readonly<z.output<typeof progressDescription>>;

export interface EncodedProgress {
  readonly description: ProgressDescription;
  /** By the name of the part, in the order of `partsOf`. */
  readonly parts: ReadonlyMap<string, readonly Tensor[]>;
}

const MODEL = 'model';
const OPTIMIZER = 'optimizer';
const BEST = 'best';
const AVERAGE = 'average';
const INITIAL = 'initial';
const resultPart = (phase: string) => `result-${phase}`;

/** @param optimizer its kind, which gives the moments their names */
export function encodeProgress(
  progress: Progress,
  { layout, optimizer }: { readonly layout: StateLayout; readonly optimizer: string },
): EncodedProgress {
  const { globalStep, state, best, average, results, initialWeights } = progress;
  const moments = [...momentNames(optimizer, state.moments.length)];
  const weights = [
    [MODEL, state],
    [BEST, best?.weights],
    [AVERAGE, average],
    ...[...results].map(([phase, result]) => [resultPart(phase), result] as const),
    [INITIAL, initialWeights],
  ] as const;
  const parts = weights.flatMap(([part, vectors]) =>
    vectors === undefined ? [] : [[part, weightTensors(layout, vectors, globalStep)] as const],
  );
  return {
    description: descriptionOf(progress, moments),
    parts: new Map([...parts, [OPTIMIZER, momentTensors(layout, moments, state.moments)]]),
  };
}

function descriptionOf(progress: Progress, moments: string[]): ProgressDescription {
  const { globalStep, evaluated, unfinished, skippedSteps, best, waiting, average } = progress;
  return {
    ...{ globalStep, evaluated, unfinished, skippedSteps, moments },
    best: best === undefined ? null : describeBest(best),
    waiting: waiting === undefined ? null : { ...waiting, metric: finiteMetric(waiting.metric) },
    average: average !== undefined,
    results: [...progress.results.keys()],
    initialWeights: progress.initialWeights !== undefined,
  };
}

function describeBest({ metric, stepInPhase }: BestWeights): Omit<BestWeights, 'weights'> {
  return { metric: finiteMetric(metric), stepInPhase };
}

/** The metric with null for a value that is not finite. */
export function finiteMetric({ name, value }: Metric): Metric {
  return { name, value: Number.isFinite(value) ? value : null };
}

/** Names of the parts that belong to a description. */
export function partsOf(description: ProgressDescription): string[] {
  const { best, average, results, initialWeights } = description;
  return [
    ...[MODEL, OPTIMIZER],
    ...(best === null ? [] : [BEST]),
    ...(average ? [AVERAGE] : []),
    ...results.map(resultPart),
    ...(initialWeights ? [INITIAL] : []),
  ];
}

/**
 * @param sources the tensors of each part of `partsOf(description)`
 * @throws LockstepError CHECKPOINT_MISMATCH naming the first tensor that is not the layout's
 */
export function decodeProgress(
  description: ProgressDescription,
  sources: ReadonlyMap<string, TensorSource>,
  layout: StateLayout,
): Progress {
  const { globalStep, evaluated, unfinished, skippedSteps } = description;
  const { moments: names, best, waiting, average, results, initialWeights } = description;
  const weights = (part: string) => gatherWeights(sources.get(part)!, layout);
  const moment = (name: string) =>
    gather(sources.get(OPTIMIZER)!, layout.parameters, layout.parameterCount, `${name}.`);
  return {
    ...{ globalStep, evaluated, unfinished, skippedSteps },
    state: { ...weights(MODEL), moments: names.map(moment) },
    best: best === null ? undefined : { ...best, weights: weights(BEST) },
    waiting: waiting ?? undefined,
    average: average ? weights(AVERAGE) : undefined,
    results: new Map(results.map((phase) => [phase, weights(resultPart(phase))])),
    initialWeights: initialWeights ? weights(INITIAL) : undefined,
  };
}
