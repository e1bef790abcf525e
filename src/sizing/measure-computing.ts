/** Times what a run's workers compute on this host. */
import { type Contender, startContender } from '../bench/contender.ts';
import type { RunConfig } from '../config/run-config.ts';
import { errorOfFailure } from '../core/failure.ts';
import { extensionsOf } from '../extension/identity.ts';
import { referencesTo } from '../extension/loaded.ts';
import type { Device } from '../launch/device.ts';
import { programCommand } from '../launch/program.ts';
import { meanOf } from '../statistics/mean.ts';
import type { GuardedHooks } from '../workflow/train/hooks.ts';
import type { MicroBatchShape, Speeds } from './cluster.ts';
import type { Workload } from './forecast.ts';
import type {
  GradientLine,
  GradientRequest,
  GradientTurn,
  PlannedPlace,
} from './gradient-program.ts';
import { withContenders } from './with-contenders.ts';

/** The part of the speeds that the engine decides. */
export type ComputingSpeeds = Pick<Speeds, 'gradients' | 'mergeMs' | 'applyMs' | 'spread'>;

const PROGRAM = new URL('./gradient-program.ts', import.meta.url);
/** Padded lengths that are timed: the shortest, the longest, and two between. */
const LENGTHS = 4;
const WARM_UP = 2;
const TURNS = 9;

/**
 * Times a worker on each of these devices, all at the same time.
 * @throws LockstepError UNEXPECTED when one of them ends; what keeps one from computing; INTERRUPTED, TERMINATED
 */
export async function measureComputing(
  config: RunConfig,
  phase: number,
  { steps }: Workload,
  devices: readonly Device[],
  hooks: GuardedHooks,
): Promise<ComputingSpeeds> {
  const places = placesOf(steps);
  const request: GradientRequest = {
    config,
    phase,
    places: places.map(({ stepInPhase, microBatch }) => ({ stepInPhase, microBatch })),
    extensions: referencesTo(extensionsOf(config)),
  };
  const workers = devices.map((device, at) =>
    startContender(
      `computing, worker ${at}`,
      [...programCommand(PROGRAM), JSON.stringify(request)],
      config.engine,
      device,
      (text) => hooks.onEvent({ kind: 'status', text }),
    ),
  );
  const turns = await withContenders(workers, hooks, async () => {
    const all: GradientTurn[][] = [];
    for (let turn = 0; turn < WARM_UP + TURNS; turn++) {
      all.push(await Promise.all(workers.map(timesOf)));
    }
    return all.slice(WARM_UP);
  });
  return speedsOf(places, turns);
}

async function timesOf(worker: Contender): Promise<GradientTurn> {
  const line = await worker.ask<GradientLine>({});
  if ('failure' in line) throw errorOfFailure(line.failure);
  return line;
}

type Place = PlannedPlace & MicroBatchShape;

/** Micro-batches of different padded lengths, ascending. */
function placesOf(steps: Workload['steps']): Place[] {
  const all = steps
    .flatMap((step, stepInPhase) =>
      step.map((shape, microBatch) => ({ ...shape, stepInPhase, microBatch })),
    )
    .sort((a, b) => a.paddedLength - b.paddedLength);
  const some = Array.from(
    { length: LENGTHS },
    (_, at) => all.at(Math.round((at * (all.length - 1)) / (LENGTHS - 1)))!,
  );
  return [...new Map(some.map((place) => [place.paddedLength, place])).values()];
}

/** @param turns by turn, then by worker */
function speedsOf(
  places: readonly Place[],
  turns: readonly (readonly GradientTurn[])[],
): ComputingSpeeds {
  const all = turns.flat();
  const sum = ({ gradients }: GradientTurn) => gradients.reduce((a, b) => a + b, 0);
  const slowest = turns.map((workers) => Math.max(...workers.map(sum)));
  return {
    gradients: places.map(({ rows, paddedLength }, at) => ({
      paddedLength,
      msPerPosition: meanOf(all.map(({ gradients }) => gradients[at]!)) / (rows * paddedLength),
    })),
    mergeMs: meanOf(all.map(({ merge }) => merge)),
    applyMs: meanOf(all.map(({ apply }) => apply)),
    spread: meanOf(slowest) / meanOf(all.map(sum)),
  };
}
