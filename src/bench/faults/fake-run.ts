/** Runs of real processes with fake workers, and what can be asked of them. */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import type { Elasticity } from '../../coordinator/elasticity.ts';
import type { CoordinatorOutcome } from '../../coordinator/machine.ts';
import { startProgram } from '../../launch/program.ts';
import type { CoordinatorEvent } from '../../telemetry/coordinator-event.ts';
import { leavesOfStep, treeSum } from './leaves.ts';
import type { FaultyNetwork } from './network.ts';

export interface FakeRun {
  readonly folder: string;
  readonly transport: 'ipc' | 'tcp' | 'insecure-tcp';
  readonly workers: number;
  readonly microBatches: number;
  readonly length: number;
  readonly firstStep: number;
  readonly firstState: string;
  readonly totalSteps: number;
  /** What a step takes beside the exchange. */
  readonly stepMs: number;
  /** A fault of the worker in one slot before it computes a step. */
  readonly fault?: {
    readonly kind: string;
    readonly slot: number;
    readonly step: number;
    /** Restarts that are injected, too. */
    readonly until?: number;
  };
  readonly elasticity?: Partial<Elasticity>;
  readonly saveEverySteps?: number;
  readonly healthyMs?: number;
  /** How long each coordinator takes before its first word, and for how long it may be silent after that. */
  readonly coordinatorLoadsMs?: number;
  readonly coordinatorSilenceMs?: number;
  readonly hangMs?: number;
  readonly quietMs?: number;
  /** What each worker is told in place of the true addresses, by slot. */
  readonly addresses?: readonly Readonly<Record<string, string>>[];
  readonly shortestHangMs?: number;
}

export type Line =
  | CoordinatorEvent
  | {
      readonly kind: 'launched';
      readonly pids: readonly number[];
      readonly places: readonly { readonly pid: number; readonly slot: number }[];
      readonly environment: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'coordinator'; readonly pid: number }
  | { readonly kind: 'outcome'; readonly outcome: Omit<CoordinatorOutcome, 'error'> };

type LineOf<Kind extends Line['kind']> = Extract<Line, { kind: Kind }>;

export class FakeRunProcess {
  readonly run: FakeRun;
  readonly process: ChildProcess;
  readonly network: FaultyNetwork | null;
  readonly lines: Line[] = [];
  readonly #exited: Promise<number | NodeJS.Signals>;
  #stderr = '';
  /** When each line came, on the monotonic clock. */
  readonly cameAtMs: number[] = [];
  #wake: () => void = () => {};

  /** @param network that of a run over tcp; closed by `cleanUp` */
  constructor(change: Partial<FakeRun> = {}, network?: FaultyNetwork) {
    this.network = network ?? null;
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
    const defaults = { transport: 'ipc', workers: 2, microBatches: 5, length: 1000 } as const;
    const start = { firstStep: 0, firstState: '', totalSteps: 6, stepMs: 0 };
    const addresses = network && { addresses: network.environments };
    this.run = { folder, ...defaults, ...start, ...change, ...addresses };
    const supervisor = new URL('./fake-coordinator.ts', import.meta.url);
    // Another folder than the repository's: nothing may depend on where a run is started.
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    this.process = startProgram(supervisor, [JSON.stringify(this.run)], {
      cwd: folder,
      stdio: [...stdio],
      detached: true,
    });
    createInterface({ input: this.process.stdout! }).on('line', (line) => {
      this.#onLine(JSON.parse(line) as Line);
    });
    this.process.stderr!.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#exited = new Promise((resolve) => {
      this.process.once('close', (code, signal) => resolve(signal ?? code!));
    });
  }

  #onLine(line: Line): void {
    if (line.kind === 'launched') {
      this.network?.leadToCoordinator(line.environment.LOCKSTEP_COORDINATOR!);
    }
    this.lines.push(line);
    this.cameAtMs.push(performance.now());
    this.#wake();
  }

  /** Exit code, or the signal that ended the supervisor. */
  async exit(): Promise<number | NodeJS.Signals> {
    return await this.#exited;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** What the worker in a slot printed. */
  output(slot: number): string {
    return readFileSync(join(this.run.folder, 'logs', `worker-${slot}.out`), 'utf8');
  }

  /** The first line of a kind that fits, now or when it comes. */
  async line<Kind extends Line['kind']>(
    kind: Kind,
    fits: (line: LineOf<Kind>) => boolean = () => true,
  ): Promise<LineOf<Kind>> {
    const ended = this.#exited.then(() => true);
    for (;;) {
      const found = this.lines.find((line) => line.kind === kind && fits(line as LineOf<Kind>));
      if (found !== undefined) return found as LineOf<Kind>;
      const next = new Promise<false>((resolve) => {
        this.#wake = () => resolve(false);
      });
      if (await Promise.race([next, ended])) {
        throw new Error(`The run ended without the line "${kind}": ${this.stderr}`);
      }
    }
  }

  /** The newest process in a slot. */
  pidIn(slot: number): number {
    const places = this.lines.flatMap((line) => (line.kind === 'launched' ? line.places : []));
    return places.findLast((place) => place.slot === slot)!.pid;
  }

  /** All processes that were started so far, restarts included. */
  get startedPids(): number[] {
    return this.lines.flatMap((line) => (line.kind === 'launched' ? line.pids : []));
  }

  /** The newest coordinator process. */
  get coordinatorPid(): number {
    const line = this.lines.findLast(({ kind }) => kind === 'coordinator');
    return (line as LineOf<'coordinator'>).pid;
  }

  async pids(): Promise<readonly number[]> {
    return (await this.line('launched')).pids;
  }

  /** Resolves when no worker is left and the socket folder is gone. */
  async nothingIsLeft(): Promise<void> {
    const { environment } = await this.line('launched');
    const pids = [...this.startedPids, this.coordinatorPid];
    const folder = environment.LOCKSTEP_PRIVATE_FOLDER;
    while (pids.some(isAlive) || (folder !== undefined && existsSync(folder))) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends what a failed test left over and removes the folder. */
  async cleanUp(): Promise<void> {
    for (const pid of [this.process.pid!, ...this.startedPids]) {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
    await this.#exited;
    await this.network?.close();
    rmSync(this.run.folder, { recursive: true, force: true });
  }
}

/** The fault that the worker in a slot injects before its next step, as a file. */
export const orderPath = ({ folder }: FakeRun, slot: number): string =>
  join(folder, `order-${slot}`);

const STEPS_WITHOUT_PAUSE = 10;

/** What is saved: a step and the state before it. */
export const savedPath = ({ folder }: FakeRun): string => join(folder, 'saved');

/**
 * The state that a run over [firstStep, endStep) must end with, computed without any worker. Pauses for other work of
 * this process: the proxies of other runs would seem silent meanwhile.
 */
export async function expectedState(run: FakeRun, endStep: number): Promise<string> {
  let state = run.firstState;
  for (let step = run.firstStep; step < endStep; step++) {
    if (step % STEPS_WITHOUT_PAUSE === 0) await setImmediate();
    const sum = treeSum(leavesOfStep(step, run.microBatches, run.length));
    state = createHash('sha256').update(state).update(sum).digest('hex');
  }
  return state;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
