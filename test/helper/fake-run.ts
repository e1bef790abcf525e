/** Runs of real processes with fake workers, and what can be asked of them. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Elasticity } from '../../src/coordinator/elasticity.ts';
import type { RunOutcome } from '../../src/coordinator/machine.ts';
import type { RunEvent } from '../../src/telemetry/run-event.ts';
import { leavesOfStep, treeSum } from './leaves.ts';

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
  /** Strikes the worker in one slot before it computes a step. */
  readonly fault?: {
    readonly kind: string;
    readonly slot: number;
    readonly step: number;
    /** Restarts that are struck, too. */
    readonly until?: number;
  };
  readonly elasticity?: Elasticity;
  readonly saveEverySteps?: number;
  readonly healthyMs?: number;
  readonly shortestHangMs?: number;
}

export type Line =
  | RunEvent
  | {
      readonly kind: 'launched';
      readonly pids: readonly number[];
      readonly places: readonly { readonly pid: number; readonly slot: number }[];
      readonly environment: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'outcome'; readonly outcome: Omit<RunOutcome, 'error'> };

type LineOf<Kind extends Line['kind']> = Extract<Line, { kind: Kind }>;

export class FakeRunProcess {
  readonly run: FakeRun;
  readonly process: ChildProcess;
  readonly lines: Line[] = [];
  readonly #exited: Promise<number | NodeJS.Signals>;
  #stderr = '';
  #wake: () => void = () => {};

  constructor(change: Partial<FakeRun> = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
    const defaults = { transport: 'ipc', workers: 2, microBatches: 5, length: 1000 } as const;
    const start = { firstStep: 0, firstState: '', totalSteps: 6, stepMs: 0 };
    this.run = { folder, ...defaults, ...start, ...change };
    const script = fileURLToPath(new URL('../fixture/fake-coordinator.ts', import.meta.url));
    const argv = ['--import', import.meta.resolve('tsx'), script, JSON.stringify(this.run)];
    // Another folder than the repository's: nothing may depend on where a run is started.
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    this.process = spawn(process.execPath, argv, {
      cwd: folder,
      stdio: [...stdio],
      detached: true,
    });
    createInterface({ input: this.process.stdout! }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as Line);
      this.#wake();
    });
    this.process.stderr!.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#exited = new Promise((resolve) => {
      this.process.once('close', (code, signal) => resolve(signal ?? code!));
    });
  }

  /** Exit code, or the signal that ended the coordinator. */
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

  /** The newest process in each slot. */
  get newestPids(): number[] {
    const bySlot = new Map<number, number>();
    for (const line of this.lines) {
      if (line.kind !== 'launched') continue;
      for (const { slot, pid } of line.places) bySlot.set(slot, pid);
    }
    return [...bySlot.values()];
  }

  /** All processes that were started so far, restarts included. */
  get startedPids(): number[] {
    return this.lines.flatMap((line) => (line.kind === 'launched' ? line.pids : []));
  }

  async pids(): Promise<readonly number[]> {
    return (await this.line('launched')).pids;
  }

  /** Resolves when no worker is left and the socket folder is gone. */
  async nothingIsLeft(): Promise<void> {
    const { environment } = await this.line('launched');
    const pids = this.startedPids;
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
    rmSync(this.run.folder, { recursive: true, force: true });
  }
}

/** The state that a run over [firstStep, endStep) must end with, computed without any worker. */
export function expectedState(run: FakeRun, endStep: number): string {
  let state = run.firstState;
  for (let step = run.firstStep; step < endStep; step++) {
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
