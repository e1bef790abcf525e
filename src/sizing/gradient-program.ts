/**
 * Times what a worker computes, with micro-batches of a run's own plan. Its argument is a request as JSON; each line of
 * input then asks for one turn, each line of output has its times, or what went wrong.
 */
import { createInterface } from 'node:readline';
import type { RunConfig } from '../config/run-config.ts';
import { asLockstepError } from '../core/errors.ts';
import { type Failure, failureOfError } from '../core/failure.ts';
import { openStore } from '../data/format/open-store.ts';
import { createEngine } from '../engine/select.ts';
import { loadReferences } from '../extension/load.ts';
import type { ExtensionReference } from '../extension/loaded.ts';
import { initialState } from '../nn/initial-state.ts';
import { defineRun } from '../run/definition.ts';
import { loadMicroBatch } from '../run/loader/load-micro-batch.ts';

/** A micro-batch of a phase's plan. */
export interface PlannedPlace {
  readonly stepInPhase: number;
  readonly microBatch: number;
}

/** What to time. */
export interface GradientRequest {
  readonly config: RunConfig;
  readonly phase: number;
  readonly places: readonly PlannedPlace[];
  readonly extensions: readonly ExtensionReference[];
}

/** The times of one turn, in milliseconds. */
export interface GradientTurn {
  /** Of each place. */
  readonly gradients: readonly number[];
  readonly merge: number;
  readonly apply: number;
}

/** A line that the program prints. */
export type GradientLine = GradientTurn | { readonly failure: Failure };

async function prepare(request: GradientRequest): Promise<(step: number) => GradientTurn> {
  const { config, phase, places, extensions } = request;
  await loadReferences(extensions);
  const store = await openStore(config.data.store);
  const run = defineRun(config, store);
  const batches = await Promise.all(
    places.map((place) => loadMicroBatch(store, run.phases, { kind: 'training', phase, ...place })),
  );
  await store.close();
  const { program, config: phaseConfig } = run.phases[phase]!;
  const session = (await createEngine(config.engine)).session(program);
  const { momentCount } = program.update;
  session.load(initialState(run.parameters, run.layout, { seed: config.seed, momentCount }));
  return (step) => {
    const leaves = batches.map((batch) => timed(() => session.gradients(batch)));
    const [leaf] = leaves[0]!;
    const [total, merge] = timed(() => session.merge(leaf, leaf));
    const { statisticsMomentum } = phaseConfig;
    const [, apply] = timed(() =>
      session.apply({ total, learningRate: 0, step, statisticsMomentum }),
    );
    return { gradients: leaves.map(([, ms]) => ms), merge, apply };
  };
}

function timed<Result>(compute: () => Result): [Result, number] {
  const start = performance.now();
  return [compute(), performance.now() - start];
}

const print = (line: GradientLine) => process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const turn = await prepare(JSON.parse(process.argv[2]!) as GradientRequest);
  let step = 0;
  for await (const _ of createInterface({ input: process.stdin })) {
    step++;
    print(turn(step));
  }
} catch (thrown) {
  print({ failure: failureOfError(asLockstepError(thrown)) });
}
