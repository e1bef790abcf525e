/**
 * Faults that a user may order to see what a run makes of them: `--simulate kill@rank=1,step=20`. They hit
 * the first process in that slot, before it computes the step; what is started in its place is spared.
 */
import { spawn } from 'node:child_process';
import { LockstepError } from '../../core/errors.ts';
import type { FaultName } from '../../core/fault-names.ts';
import type { Session, TrainState } from '../../engine/engine.ts';
import type { StepParts } from './train-step.ts';

/** The faults of a worker's step, with their own settings and the defaults of these. */
const SETTINGS = {
  kill: {},
  preempt: {},
  stop: {},
  pause: { seconds: 1 },
  hang: {},
  nan: {},
  flip: {},
  slow: { ms: 500 },
} as const satisfies Partial<Record<FaultName, Readonly<Record<string, number>>>>;

type StepFault = keyof typeof SETTINGS;

export interface SimulatedFault {
  readonly kind: StepFault;
  /** Rank in the first generation, which is the slot. */
  readonly rank: number;
  /** Global step, from 0. */
  readonly step: number;
  readonly settings: Readonly<Record<string, number>>;
}

/** Names of the faults that can be simulated. */
export const SIMULATED_FAULTS = Object.keys(SETTINGS).join(', ');

/** "kill@rank=1,step=20", "pause@rank=0,step=3,seconds=2", … Throws USAGE for what is none. */
export function parseFault(text: string): SimulatedFault {
  const [kind = '', given = ''] = text.split('@');
  if (!Object.hasOwn(SETTINGS, kind)) throw unknown(text, `the fault "${kind}" is none of them`);
  const defaults: Readonly<Record<string, number>> = SETTINGS[kind as StepFault];
  const values = new Map<string, number>(Object.entries(defaults));
  for (const setting of given.split(',').filter((part) => part !== '')) {
    const [name = '', value = ''] = setting.split('=');
    const isKnown = name === 'rank' || name === 'step' || Object.hasOwn(defaults, name);
    if (!isKnown) throw unknown(text, `"${name}" is no setting of ${kind}`);
    if (!/^\d+(\.\d+)?$/.test(value)) throw unknown(text, `${name} is "${value}", not a number`);
    values.set(name, Number(value));
  }
  const { rank, step, ...settings } = Object.fromEntries(values);
  if (!Number.isInteger(rank) || !Number.isInteger(step)) {
    throw unknown(text, 'rank and step must be whole numbers from 0');
  }
  return { kind: kind as StepFault, rank: rank!, step: step!, settings };
}

/** Injects this process's faults before step `globalStep`; resolves when it goes on. */
export async function inject(
  faults: readonly SimulatedFault[],
  globalStep: number,
  session: Pick<Session, 'load' | 'read'>,
): Promise<void> {
  for (const { kind, step, settings } of faults) {
    if (kind === 'slow' && globalStep >= step) {
      await new Promise((resolve) => setTimeout(resolve, settings.ms));
    }
    if (step !== globalStep) continue;
    if (kind === 'kill') process.kill(process.pid, 'SIGKILL');
    if (kind === 'preempt') process.kill(process.pid, 'SIGTERM');
    if (kind === 'stop') process.kill(process.pid, 'SIGSTOP');
    if (kind === 'pause') pause(settings.seconds!);
    if (kind === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    if (kind === 'flip') session.load(withFlippedBit(session.read()));
  }
}

/** The session of a step: every leaf has a NaN where a fault says so. */
export function withFaults(
  session: StepParts['session'],
  faults: readonly SimulatedFault[],
  globalStep: number,
): StepParts['session'] {
  if (!faults.some(({ kind, step }) => kind === 'nan' && step === globalStep)) return session;
  return {
    gradients: (batch) => {
      const leaf = session.gradients(batch);
      leaf[0] = Number.NaN;
      return leaf;
    },
    merge: (left, right) => session.merge(left, right),
    apply: (input) => session.apply(input),
  };
}

/** The state with the highest bit of the mantissa of the first weight that is not zero flipped. */
export function withFlippedBit(state: TrainState): TrainState {
  const parameters = state.parameters.slice();
  const words = new Uint32Array(parameters.buffer, parameters.byteOffset, parameters.length);
  const index = parameters.findIndex((weight) => weight !== 0);
  words[index]! ^= 1 << 22;
  return { ...state, parameters };
}

function pause(seconds: number): void {
  // A stopped process can't wake itself.
  const wake = `sleep ${seconds}; kill -CONT ${process.pid}`;
  spawn('sh', ['-c', wake], { detached: true, stdio: 'ignore' }).unref();
  process.kill(process.pid, 'SIGSTOP');
}

function unknown(text: string, why: string): LockstepError {
  return new LockstepError(
    'USAGE',
    `Cannot simulate "${text}": ${why}.`,
    `Give a fault (${SIMULATED_FAULTS}) with rank and step, such as kill@rank=1,step=20.`,
  );
}
