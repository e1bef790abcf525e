/**
 * Faults that a user may order to see what a run makes of them: `--simulate kill@rank=1,step=20`. They hit
 * the first process in that slot, before it computes the step; what is started in its place is spared.
 */
import { spawn } from 'node:child_process';
import { LockstepError } from '../../core/errors.ts';
import type { TrainState } from '../../engine/engine.ts';

const KINDS = {
  /** SIGKILL. */
  kill: {},
  /** SIGTERM to this worker alone, as a scheduler sends it: the run saves and ends. */
  preempt: {},
  /** SIGSTOP; SIGCONT after so many seconds (default: never). */
  stop: { seconds: null },
  /** The main thread is blocked for ever; the comm thread goes on saying that the process lives. */
  hang: {},
  /** A NaN among the gradients of the step. */
  nan: {},
  /** One bit of one weight is another one before the step. */
  flip: {},
  /** From the step on each one takes so many milliseconds longer. */
  slow: { ms: 500 },
} as const;

export type FaultKind = keyof typeof KINDS;

export interface SimulatedFault {
  readonly kind: FaultKind;
  /** Rank in the first generation, which is the slot. */
  readonly rank: number;
  /** Global step, from 0. */
  readonly step: number;
  readonly seconds: number | null;
  readonly ms: number;
}

/** "kill@rank=1,step=20", "stop@rank=0,step=3,seconds=2", … Throws USAGE for what is none. */
export function parseFault(text: string): SimulatedFault {
  const [kind = '', settings = ''] = text.split('@');
  if (!Object.hasOwn(KINDS, kind)) throw unknown(text, `the fault "${kind}" is none of them`);
  const values = new Map<string, number>();
  for (const setting of settings.split(',').filter((part) => part !== '')) {
    const [name = '', value = ''] = setting.split('=');
    const isKnown = name === 'rank' || name === 'step' || name in KINDS[kind as FaultKind];
    if (!isKnown) throw unknown(text, `"${name}" is no setting of ${kind}`);
    if (!/^\d+(\.\d+)?$/.test(value)) throw unknown(text, `${name} is "${value}", not a number`);
    values.set(name, Number(value));
  }
  const [rank, step] = [values.get('rank'), values.get('step')];
  if (!Number.isInteger(rank) || !Number.isInteger(step)) {
    throw unknown(text, 'rank and step must be whole numbers from 0');
  }
  return {
    kind: kind as FaultKind,
    rank: rank!,
    step: step!,
    seconds: values.get('seconds') ?? null,
    ms: values.get('ms') ?? KINDS.slow.ms,
  };
}

/** Injects this process's faults before step `globalStep`; resolves when it goes on. */
export async function inject(faults: readonly SimulatedFault[], globalStep: number): Promise<void> {
  for (const fault of faults) {
    if (fault.kind === 'slow' && globalStep >= fault.step) {
      await new Promise((resolve) => setTimeout(resolve, fault.ms));
    }
    if (fault.step !== globalStep) continue;
    if (fault.kind === 'kill') process.kill(process.pid, 'SIGKILL');
    if (fault.kind === 'preempt') process.kill(process.pid, 'SIGTERM');
    if (fault.kind === 'stop') stop(fault.seconds);
    if (fault.kind === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}

/** Whether a fault makes this step's gradients not finite. */
export function poisons(faults: readonly SimulatedFault[], globalStep: number): boolean {
  return faults.some(({ kind, step }) => kind === 'nan' && step === globalStep);
}

/** Whether a fault flips a bit of this worker's weights before this step. */
export function flips(faults: readonly SimulatedFault[], globalStep: number): boolean {
  return faults.some(({ kind, step }) => kind === 'flip' && step === globalStep);
}

/** The state with the highest bit of the mantissa of the first weight that is not zero flipped. */
export function withFlippedBit(state: TrainState): TrainState {
  const parameters = state.parameters.slice();
  const words = new Uint32Array(parameters.buffer, parameters.byteOffset, parameters.length);
  const index = parameters.findIndex((weight) => weight !== 0);
  words[index]! ^= 1 << 22;
  return { ...state, parameters };
}

function stop(seconds: number | null): void {
  // A stopped process can't wake itself.
  if (seconds !== null) {
    const wake = `sleep ${seconds}; kill -CONT ${process.pid}`;
    spawn('sh', ['-c', wake], { detached: true, stdio: 'ignore' }).unref();
  }
  process.kill(process.pid, 'SIGSTOP');
}

function unknown(text: string, why: string): LockstepError {
  const kinds = Object.keys(KINDS).join(', ');
  return new LockstepError(
    'USAGE',
    `Cannot simulate "${text}": ${why}.`,
    `Give a fault (${kinds}) with rank and step, such as kill@rank=1,step=20.`,
  );
}
