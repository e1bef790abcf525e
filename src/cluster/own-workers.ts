/** The worker processes of this host, which live on while another host takes the lead. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTemporaryFolder, removeTemporaryFolder } from '../core/temporary-folder.ts';
import type { ExitStatus, Launch, LaunchedWorker } from '../launch/launching.ts';
import { workerKeyFile, writeKeyFiles } from '../protocol/curve-keys.ts';
import { tcpEndpoint } from '../protocol/endpoint.ts';
import { processKeys } from '../protocol/host-keys.ts';
import type { LeaderMessage } from '../protocol/host-messages.ts';
import { CoordinatorRelay } from './coordinator-relay.ts';
import type { SeatHost } from './seats.ts';

/** Workers that were killed are waited for so long. */
const KILLED_MS = 4_000;

export type RunHere = Omit<Extract<LeaderMessage, { kind: 'run' }>, 'kind'>;

/** What starts workers here, and where their peers on other hosts reach this one. */
export interface Prepared {
  readonly launch: Launch;
  readonly address: string;
  /** Number of workers of this host. */
  readonly workers: number;
  readonly secret: Buffer;
  /** Whether a signal that comes to a worker, too, is left to this host's agent. */
  readonly leaves: boolean;
}

/** Hears what becomes of the workers. */
export interface WorkersListener {
  spawned(slot: number, attempt: number, pid: number): void;
  exited(slot: number, attempt: number, status: ExitStatus): void;
}

interface RunningWorker {
  readonly attempt: number;
  readonly worker: LaunchedWorker;
  readonly pid: number;
}

export class OwnWorkers implements SeatHost {
  readonly name = hostname();
  readonly #relay: CoordinatorRelay;
  readonly #workers = new Map<number, RunningWorker>();
  #listener: WorkersListener | null = null;
  #run: RunHere | null = null;
  #prepared: Prepared | null = null;
  #keyFolder: string | null = null;
  #onWorkerGone: () => void = () => {};

  private constructor(relay: CoordinatorRelay) {
    this.#relay = relay;
  }

  /** @param warn hears what keeps them from working */
  static async open(warn: (text: string) => void): Promise<OwnWorkers> {
    return new OwnWorkers(await CoordinatorRelay.open(warn));
  }

  get isReady(): boolean {
    return this.#prepared !== null;
  }

  /** The run that they belong to; null before it is known. */
  get run(): RunHere | null {
    return this.#run;
  }

  /** Private to this process: keys of the coordinator and of the workers here. */
  get keyFolder(): string {
    return this.#keyFolder!;
  }

  get running(): { slot: number; attempt: number; pid: number }[] {
    return [...this.#workers].map(([slot, { attempt, pid }]) => ({ slot, attempt, pid }));
  }

  listen(listener: WorkersListener): void {
    this.#listener = listener;
  }

  /** Makes ready to start workers of this start of the run; those of an earlier one are ended. */
  prepare(run: RunHere, prepared: Prepared): void {
    this.#killAll();
    this.#forget();
    const { secret, workers } = prepared;
    const slots = Array.from({ length: workers }, (_, at) => run.firstSlot + at);
    this.#keyFolder = makeTemporaryFolder();
    writeKeyFiles(this.#keyFolder, processKeys(secret, run.run, run, slots));
    this.#run = run;
    this.#prepared = prepared;
  }

  /** Another host leads the same start of the run. */
  learn(run: RunHere): void {
    this.#run = run;
  }

  /** Does what a leader, of this host or another one, asks for. */
  say(message: LeaderMessage): void {
    if (message.kind === 'launch') this.#start(message);
    if (message.kind === 'coordinator') this.#relay.pointAt(message.endpoint);
    if (message.kind !== 'kill') return;
    const running = this.#workers.get(message.slot);
    if (running?.attempt === message.attempt) running.worker.kill(message.signal);
  }

  #killAll(): void {
    for (const { worker } of this.#workers.values()) worker.kill('SIGKILL');
  }

  async close(): Promise<void> {
    await this.end();
    this.#relay.close();
    this.#forget();
  }

  /** On return no worker of this host is left. */
  async end(): Promise<void> {
    this.#killAll();
    const isOver = sleep(KILLED_MS, true, { ref: false });
    while (this.#workers.size > 0) {
      const isGone = new Promise<boolean>((resolve) => {
        this.#onWorkerGone = () => resolve(false);
      });
      if (await Promise.race([isGone, isOver])) break;
    }
  }

  /** The run is another one now, or over. */
  #forget(): void {
    if (this.#keyFolder !== null) removeTemporaryFolder(this.#keyFolder);
    this.#keyFolder = null;
    this.#run = null;
    this.#prepared = null;
  }

  /** What depends on this host replaces what the leader says of its own. */
  #start({ slot, attempt, environment }: Extract<LeaderMessage, { kind: 'launch' }>): void {
    // What was perhaps not heard is said again.
    if (this.#prepared === null || this.#workers.get(slot)?.attempt === attempt) return;
    const own = Object.entries(environment).filter(([name]) => name.startsWith('LOCKSTEP_'));
    const seat = {
      ...{ slot, attempt },
      environment: {
        ...Object.fromEntries(own),
        LOCKSTEP_COORDINATOR: this.#relay.endpoint,
        LOCKSTEP_DATA_ADDRESS: tcpEndpoint(this.#prepared.address, '*'),
        LOCKSTEP_KEY_FILE: workerKeyFile(this.keyFolder, slot),
        LOCKSTEP_PRIVATE_FOLDER: this.keyFolder,
        LOCKSTEP_PARENT_PID: String(process.pid),
        ...(this.#prepared.leaves && { LOCKSTEP_SIGNALS: 'agent' }),
      },
    };
    let pid = 0;
    const watch = {
      onSpawn: (_: number, its: number) => {
        pid = its;
        this.#listener?.spawned(slot, attempt, its);
      },
      onExit: (_: number, status: ExitStatus) => {
        if (this.#workers.get(slot)?.attempt === attempt) this.#workers.delete(slot);
        const lastLine = status.lastLine.slice(0, 4096);
        this.#listener?.exited(slot, attempt, { ...status, lastLine });
        this.#onWorkerGone();
      },
    };
    for (const worker of this.#prepared.launch([seat], watch)) {
      this.#workers.set(slot, { attempt, worker, pid });
    }
  }
}
