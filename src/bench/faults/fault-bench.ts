/**
 * Injects one fault after the other into real processes with made-up gradients. Watches how the run reacts and what
 * its log says, and compares the last states with those of undisturbed runs.
 */
import { existsSync, readFileSync } from 'node:fs';
import { LockstepError } from '../../core/errors.ts';
import { expectedState, FakeRunProcess, savedPath } from './fake-run.ts';
import { INJECTED, type InjectedName, OF_NO_WORKER } from './fault-kinds.ts';
import { inRuns, type PlannedFault, planFaults } from './fault-plan.ts';
import { inject, pause } from './inject.ts';
import { type NamedCause, namedCause } from './named-cause.ts';
import { FaultyNetwork } from './network.ts';

/** What to inject. */
export interface FaultBenchOptions {
  readonly faults: number;
  readonly workers: number;
  readonly seed: number;
}

/** A fault and what the run made of it. */
export interface InjectedFault extends PlannedFault {
  /** The cause that the log names. */
  readonly named: NamedCause;
  /** Whether that is the cause and the worker of this fault. */
  readonly isRight: boolean;
  /** The longest time without a finished step; null when the run ended. */
  readonly pauseMs: number | null;
}

/** The result of a benchmark. */
export interface FaultReport {
  readonly injected: readonly InjectedFault[];
  readonly runs: number;
  /** Finished steps of all runs. */
  readonly steps: number;
  /** Runs whose last state, or last saved state, differs from an undisturbed run's. */
  readonly different: number;
}

/** The log must name a fault within this time. */
const NAMING_MS = 40_000;
/** A run that neither continues nor ends within this time hangs. */
const GOING_ON_MS = 60_000;
/** After this many steps of all workers the run counts as recovered. */
const STEADY_STEPS = 3;
/** The medians of twenty steps name a slow worker; after that it must be as fast as the others again. */
const STEPS_OF_SLOW = 70;
/** Limit for a main thread that hangs; the real one is fifteen minutes. */
const HANG_MS = 2_000;

/**
 * Injects the planned faults and reports on each.
 * @throws LockstepError UNEXPECTED when a run does not continue
 */
export async function benchFaults(
  { faults, workers, seed }: FaultBenchOptions,
  onInjected: (injected: InjectedFault) => void,
): Promise<FaultReport> {
  const injected: InjectedFault[] = [];
  let [steps, different] = [0, 0];
  const runs = inRuns(planFaults(faults, workers, seed));
  for (const planned of runs) {
    const result = await oneRun(planned, workers, (one) => {
      injected.push(one);
      onInjected(one);
    });
    steps += result.steps;
    if (!result.isUndisturbed) different++;
  }
  return { injected, runs: runs.length, steps, different };
}

async function oneRun(
  planned: readonly PlannedFault[],
  workers: number,
  onInjected: (injected: InjectedFault) => void,
): Promise<{ steps: number; isUndisturbed: boolean }> {
  const run = new FakeRunProcess(
    {
      ...{ transport: 'tcp', workers, totalSteps: 1_000_000, stepMs: 20, hangMs: HANG_MS },
      ...{ microBatches: 2 * workers, length: 200, saveEverySteps: 1, healthyMs: 0 },
    },
    await FaultyNetwork.open(workers),
  );
  try {
    await goesOn(run, 0);
    for (const each of planned) onInjected(await injectAndWatch(run, each));
    run.process.kill('SIGTERM');
    await run.exit();
    return await verdict(run);
  } finally {
    await run.cleanUp();
  }
}

async function injectAndWatch(run: FakeRunProcess, planned: PlannedFault): Promise<InjectedFault> {
  const { fault, slot } = planned;
  const [from, fromMs] = [run.lines.length, performance.now()];
  await inject(run, fault, slot);
  await settled(run, fault, from);
  const named = namedCause(textsSince(run, from));
  const { cause } = INJECTED[fault];
  const isNamed = OF_NO_WORKER.includes(cause) || named.slots.includes(slot);
  const isRight = named.cause === cause && isNamed;
  const pauseMs = hasEnded(run) ? null : longestPause(run, from, fromMs);
  return { ...planned, named, isRight, pauseMs };
}

/** Resolves when the run has recovered from the fault, or has ended by it. */
async function settled(run: FakeRunProcess, fault: InjectedName, from: number): Promise<void> {
  const { cause } = INJECTED[fault];
  const isNamed = () => namedCause(textsSince(run, from)).cause !== 'nothing';
  if (cause === 'slow') await until(() => stepsSince(run, from) >= STEPS_OF_SLOW, NAMING_MS);
  else if (cause !== 'nothing') await until(() => isNamed() || hasEnded(run), NAMING_MS);
  const workers = cause === 'malformed message' ? run.run.workers - 1 : run.run.workers;
  await goesOn(run, run.lines.length, workers);
}

/** Resolves when all workers have done some steps together, or the run has ended. */
async function goesOn(run: FakeRunProcess, from: number, workers = run.run.workers): Promise<void> {
  const done = () => stepsSince(run, from, workers) >= STEADY_STEPS || hasEnded(run);
  if (await until(done, GOING_ON_MS)) return;
  throw new LockstepError(
    'UNEXPECTED',
    `The run with faults did not go on within ${GOING_ON_MS} ms; the last that it said: ${textsSince(run, 0).at(-1)}.`,
    'This is a defect: please report it with what was printed.',
  );
}

/** Finished steps with at least `workers` workers. */
function stepsSince(run: FakeRunProcess, from: number, workers = 1): number {
  return run.lines
    .slice(from)
    .filter((line) => line.kind === 'step' && line.reports.length >= workers).length;
}

/** The log's messages, and why the run ended. */
function textsSince(run: FakeRunProcess, from: number): string[] {
  return run.lines.slice(from).flatMap((line) => {
    if (line.kind === 'status') return [line.text];
    return line.kind === 'outcome' ? [line.outcome.reason] : [];
  });
}

function longestPause(run: FakeRunProcess, from: number, fromMs: number): number {
  const moments = run.cameAtMs.filter((_, i) => i >= from && run.lines[i]!.kind === 'step');
  return Math.max(...moments.map((moment, i) => moment - (moments[i - 1] ?? fromMs)));
}

const hasEnded = ({ process: child }: FakeRunProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

async function until(holds: () => boolean, ms: number): Promise<boolean> {
  const endMs = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > endMs) return false;
    await pause(10);
  }
  return true;
}

/** Compares the last state; for an aborted run, the last saved one. */
async function verdict(run: FakeRunProcess): Promise<{ steps: number; isUndisturbed: boolean }> {
  const end = run.lines.find((line) => line.kind === 'outcome');
  const steps = stepsSince(run, 0);
  if (end !== undefined && end.outcome.stateHash !== null) {
    const { step, stateHash } = end.outcome;
    return { steps, isUndisturbed: stateHash === (await expectedState(run.run, step)) };
  }
  if (!existsSync(savedPath(run.run))) return { steps, isUndisturbed: false };
  const [step, state] = readFileSync(savedPath(run.run), 'utf8').split(' ');
  return { steps, isUndisturbed: state === (await expectedState(run.run, Number(step))) };
}
