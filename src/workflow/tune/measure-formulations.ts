/** Times the formulations on this device, with micro-batches of a run's own plan. */
import type { RunConfig } from '../../config/run-config.ts';
import type { Store } from '../../data/format/store.ts';
import type { MicroBatch, Session } from '../../engine/engine.ts';
import {
  DEFAULT_FORMULATIONS,
  describeFormulations,
  type Formulations,
} from '../../engine/formulations.ts';
import { createEngine } from '../../engine/select.ts';
import { initialState } from '../../nn/initial-state.ts';
import type { RunDefinition } from '../../run/definition.ts';
import { loadMicroBatch } from '../../run/loader/load-micro-batch.ts';
import {
  combineClearlyFaster,
  isClearlyFaster,
  quartilesOf,
  type TimedFormulations,
} from './choose-formulations.ts';
import type { TunedBatch } from './tuned-batches.ts';

const ALTERNATIVES: readonly Partial<Formulations>[] = [
  { convolution: 'transposed' },
  { filterGradient: 'native' },
  { batchNorm: 'composed' },
  { projection: 'folded' },
];
/** Rounds before the timed ones: the first one records. */
const WARM_UP = 1;
const ROUNDS = 7;
/** After this many rounds, drops choices whose every round was slower than the default's slowest. */
const ROUNDS_BEFORE_OUT = 3;

interface Subject {
  readonly config: RunConfig;
  readonly run: RunDefinition;
  readonly phase: number;
  readonly batches: readonly MicroBatch[];
}

/**
 * Times the default first, then each alternative alone, then all alternatives together that were clearly faster. The
 * process must have the engine's environment.
 * @param onProgress gets the name of what is being timed
 */
export async function measureFormulations(
  config: RunConfig,
  run: RunDefinition,
  store: Store,
  places: readonly TunedBatch[],
  onProgress: (what: string) => void,
): Promise<TimedFormulations[]> {
  const batches = await Promise.all(
    places.map(({ phase, step, microBatch }) =>
      loadMicroBatch(store, run.phases, { kind: 'training', phase, stepInPhase: step, microBatch }),
    ),
  );
  const subject = { config, run, phase: places[0]!.phase, batches };
  const candidates = ALTERNATIVES.map((other) => ({ ...DEFAULT_FORMULATIONS, ...other }));
  const timed = await timeInTurn(subject, [DEFAULT_FORMULATIONS, ...candidates], onProgress);
  const combined = combineClearlyFaster(timed);
  if (combined === undefined) return timed;
  const [again, together] = await timeInTurn(
    subject,
    [timed[0]!.formulations, combined],
    onProgress,
  );
  // Compares with the default of the same minutes.
  return isClearlyFaster(together!, again!) ? [...timed, together!] : timed;
}

async function timeInTurn(
  subject: Subject,
  candidates: readonly Formulations[],
  onProgress: (what: string) => void,
): Promise<TimedFormulations[]> {
  const contenders: Contender[] = [];
  for (const formulations of candidates) {
    onProgress(describeFormulations(formulations));
    const session = await openSession(subject, formulations);
    for (let round = 0; round < WARM_UP; round++) runOnce(session, subject.batches);
    contenders.push({ formulations, session, times: [] });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const contender of contenders) {
      if (isOut(contender, contenders[0]!)) continue;
      contender.times.push(runOnce(contender.session, subject.batches));
    }
  }
  return contenders.map(({ formulations, session, times }) => {
    session.dispose();
    return { formulations, milliseconds: quartilesOf(times) };
  });
}

interface Contender {
  readonly formulations: Formulations;
  readonly session: Session;
  readonly times: number[];
}

function isOut({ times }: Contender, reference: Contender): boolean {
  return times.length >= ROUNDS_BEFORE_OUT && Math.min(...times) > Math.max(...reference.times);
}

/** Runs one round. @returns milliseconds */
function runOnce(session: Session, batches: readonly MicroBatch[]): number {
  const start = performance.now();
  for (const batch of batches) session.gradients(batch);
  return performance.now() - start;
}

async function openSession(
  { config, run, phase }: Subject,
  formulations: Formulations,
): Promise<Session> {
  const engine = await createEngine({ ...config.engine, formulations });
  const { program } = run.phases[phase]!;
  const session = engine.session(program);
  const { momentCount } = program.update;
  session.load(initialState(run.parameters, run.layout, { seed: config.seed, momentCount }));
  return session;
}
