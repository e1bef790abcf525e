/** Which formulations are fastest here, on micro-batches of a run's own plan. */
import type { RunConfig } from '../../config/run-config.ts';
import type { Store } from '../../data/format/store.ts';
import { loadMicroBatch } from '../../data/loader/load-micro-batch.ts';
import type { MicroBatch, Session } from '../../engine/engine.ts';
import { DEFAULT_FORMULATIONS, type Formulations } from '../../engine/formulations.ts';
import { createEngine } from '../../engine/select.ts';
import { initialState } from '../../model/initial-state.ts';
import { defineRun, type RunDefinition } from '../../worker/run-definition.ts';
import { timingOf } from '../bench/step-bench.ts';

export interface TimedFormulations {
  readonly formulations: Formulations;
  /** Of the gradients of one micro-batch of each padded length, added up. */
  readonly milliseconds: number;
}

export interface TuneResult {
  readonly fastest: Formulations;
  /** The default first, then each other choice by itself. */
  readonly timed: readonly TimedFormulations[];
  /** Rows and padded length of what was timed. */
  readonly shapes: readonly (readonly [number, number])[];
}

const ALTERNATIVES: readonly Partial<Formulations>[] = [
  { convolution: 'transposed' },
  { filterGradient: 'native' },
  { batchNorm: 'composed' },
];
const ROUNDS = 5;
const WARM_UP = 2;
/** Shortest, middle and longest of the first steps' micro-batches. */
const STEPS_LOOKED_AT = 8;

/** The process must have the engine's environment. */
export async function measureFormulations(config: RunConfig, store: Store): Promise<TuneResult> {
  const run = defineRun(config, store);
  const batches = await someMicroBatches(run, store);
  const candidates = [{}, ...ALTERNATIVES].map((other) => ({ ...DEFAULT_FORMULATIONS, ...other }));
  const sessions = await Promise.all(candidates.map((choice) => openSession(config, run, choice)));
  const times = candidates.map(() => batches.map(() => [] as number[]));
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    for (const [index, session] of sessions.entries()) {
      for (const [which, batch] of batches.entries()) {
        const start = performance.now();
        session.gradients(batch);
        if (round >= WARM_UP) times[index]![which]!.push(performance.now() - start);
      }
    }
  }
  for (const session of sessions) session.dispose();
  const timed = candidates.map((formulations, index) => ({
    formulations,
    milliseconds: times[index]!.reduce((sum, each) => sum + timingOf(each).median, 0),
  }));
  return {
    fastest: fastestOf(timed),
    timed,
    shapes: batches.map(({ rows, paddedLength }) => [rows, paddedLength]),
  };
}

/** The default, but for each choice that is faster when it alone is another. */
export function fastestOf([first, ...others]: readonly TimedFormulations[]): Formulations {
  const { formulations, milliseconds } = first!;
  const better = others.filter((other) => other.milliseconds < milliseconds);
  const choose = <Key extends keyof Formulations>(key: Key): Formulations[Key] =>
    better.find((other) => other.formulations[key] !== formulations[key])?.formulations[key] ??
    formulations[key];
  return {
    convolution: choose('convolution'),
    filterGradient: choose('filterGradient'),
    batchNorm: choose('batchNorm'),
  };
}

async function openSession(
  config: RunConfig,
  run: RunDefinition,
  formulations: Formulations,
): Promise<Session> {
  const engine = await createEngine({ ...config.engine, formulations });
  const { program } = run.phases[0]!;
  const session = engine.session(program);
  const { momentCount } = program.update;
  session.load(initialState(run.model, run.layout, { seed: config.seed, momentCount }));
  return session;
}

async function someMicroBatches(run: RunDefinition, store: Store): Promise<MicroBatch[]> {
  const { plan } = run.phases[0]!;
  const places = Array.from({ length: Math.min(STEPS_LOOKED_AT, plan.stepsPerEpoch) })
    .flatMap((_, step) =>
      plan.stepAt(step).microBatches.map(({ paddedLength }, microBatch) => ({
        step,
        microBatch,
        paddedLength,
      })),
    )
    .sort((a, b) => a.paddedLength - b.paddedLength);
  const chosen = new Set([places[0]!, places[places.length >> 1]!, places.at(-1)!]);
  return await Promise.all(
    [...chosen].map(({ step, microBatch }) =>
      loadMicroBatch(store, run.phases, {
        kind: 'training',
        phase: 0,
        stepInPhase: step,
        microBatch,
      }),
    ),
  );
}
