/**
 * The parent of all processes of a run: it starts the coordinator and, at its word, the workers. It decides nothing
 * about the run. When the coordinator dies the workers keep their state, and another one is started that takes the
 * run over (see succession.ts); when this process dies all others end.
 */
import type { ChildProcess } from 'node:child_process';
import { asLockstepError, LockstepError } from '../../core/errors.ts';
import { errorOfFailure } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import type { StopSignal, WatchSignals } from '../../core/stop-signal.ts';
import type {
  ExitStatus,
  Launch,
  LaunchedWorker,
  LaunchWatch,
  Seat,
} from '../../launch/launching.ts';
import { TICK_MS } from '../../protocol/timing.ts';
import type { RunEvent } from '../../telemetry/run-event.ts';
import type { CoordinatorOutcome } from '../machine.ts';
import type { RendezvousSpec } from '../rendezvous.ts';
import { BACKOFF_MS, decideRestart, HEALTHY_MS } from '../restarts.ts';
import { firstGenerationOf, type Journal, type SlotProcess } from '../succession.ts';
import { describeExit } from '../wording.ts';
import type { FromCoordinator, PlainOutcome, ToCoordinator } from './messages.ts';
import { Pulse } from './pulse.ts';
import { ToldEvents } from './told-events.ts';

/** The supervisor kills a coordinator that has started and then says nothing for longer; it does nothing that takes a second. */
const COORDINATOR_SILENCE_MS = 10_000;
/** A coordinator that has told how the run ended must end within this time; a log on a dead disk may hold it. */
const LEAVE_MS = 4_000;
/** A killed worker that the kernel still holds, in a call to a device or disk, is waited for so long. */
const KILLED_MS = 4_000;

export interface SupervisorOptions {
  readonly rendezvous: RendezvousSpec;
  /** Coordinators in a row that may be started in place of one that died; none where workers don't wait. */
  readonly maxRestarts: number;
  /** Starts a process that runs `runSupervised`, with a channel to this one. */
  readonly startCoordinator: () => ChildProcess;
  /** What its program is told. */
  readonly task: JsonObject;
  readonly launch: Launch;
  /** Requests to stop, which the coordinator hears of. */
  readonly watchSignals: WatchSignals;
  /** Aborts with a LockstepError when nothing may be written any more: all processes end at once. */
  readonly lost?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
  /** Where workers reach the coordinator, once they do. */
  readonly onListening?: (endpoint: string) => void;
  /** Hears of each new journal. */
  readonly onJournal?: (journal: Journal) => void;
  /** Gets what holds the run while this host may be cut off from the others. */
  readonly control?: (control: RunControl) => void;
  /** A run that another host has led. */
  readonly takeOver?: TakeOverFromHost;
  /** A coordinator that has started counts as lost after so long without a word. @default ten seconds */
  readonly silenceMs?: number;
  /** A coordinator that ran for so long makes up for the restarts before it. @default ten minutes */
  readonly healthyMs?: number;
}

/** What may be asked of a run that goes on. */
export interface RunControl {
  /** Whether no generation may be formed, since other hosts may take the run over. */
  hold(isHeld: boolean): void;
  /**
   * Ends the coordinator for good, unless the run has just ended. Then `handOver` gives the run to another host, with all
   * processes that are left; and how the run ended here is that this host has left it.
   */
  leave(handOver: HandOver): void;
}

/** Resolves with how the run ended here, once it goes on elsewhere. */
type HandOver = () => Promise<Pick<CoordinatorOutcome, 'exitCode' | 'reason'>>;

/** `left`: the run goes on, led by another host. */
export type SupervisedOutcome =
  | CoordinatorOutcome
  | (Omit<CoordinatorOutcome, 'kind'> & { readonly kind: 'left' });

/** What is left of a run whose coordinator died with its host. */
export interface TakeOverFromHost {
  /** Of the host that leads now. */
  readonly epoch: number;
  /** The newest that has come to the hosts that are left. */
  readonly journal: Journal | null;
  /** Address at which the coordinator is to listen. */
  readonly endpoint: string;
  /** The newest process in each slot; those of lost hosts have ended. */
  readonly processes: readonly SlotProcess[];
  /** When the last word of that coordinator came, as Date.now() says. */
  readonly lostAt: number;
  /** What happened, in one sentence. */
  readonly loss: string;
  /** Watches a process from now on. */
  readonly adopt: (seat: SlotProcess, watch: LaunchWatch) => LaunchedWorker;
}

/**
 * Resolves with how the run ended. Throws what kept it from beginning. On return no process of the run is left, but for
 * those that another host goes on with.
 */
export async function superviseRun(options: SupervisorOptions): Promise<SupervisedOutcome> {
  const supervisor = new RunSupervisor(options);
  options.control?.(supervisor);
  try {
    const run = supervisor.run();
    const lost = reasonOf(options.lost).then((error) =>
      // That the next host takes the folder is what this one waits for.
      supervisor.isLeaving ? run : supervisor.aborted(error),
    );
    return await Promise.race([run, lost]);
  } finally {
    await supervisor.close();
  }
}

/** The error that a signal aborts with, once it does. */
async function reasonOf(signal: AbortSignal | undefined): Promise<LockstepError> {
  return await new Promise((resolve) => {
    const tell = () => resolve(signal!.reason);
    if (signal?.aborted) tell();
    else signal?.addEventListener('abort', tell, { once: true });
  });
}

interface WorkerProcess {
  readonly attempt: number;
  pid: number | null;
  host: string | null;
  exit: ExitStatus | null;
  worker: LaunchedWorker | null;
}

/** How a coordinator ended: with a word, or without one. */
type End =
  | { readonly kind: 'outcome'; readonly outcome: PlainOutcome }
  | { readonly kind: 'lost'; readonly why: string };

class RunSupervisor implements RunControl {
  readonly #options: SupervisorOptions;
  /** The newest one in each slot. */
  readonly #processes = new Map<number, WorkerProcess>();
  readonly #signals: StopSignal[] = [];
  readonly #unwatchSignals: () => void;
  #coordinator: ChildProcess | null = null;
  #endpoint: string | null = null;
  #journal: Journal | null = null;
  readonly #told = new ToldEvents();
  #lostAt = 0;
  #isHeld = false;
  /** Of this leader, until a coordinator of this host has begun: the journal may lack what was formed before. */
  #firstGeneration: number | undefined;
  #isClosed = false;
  #hasLeft = false;
  #handOver: HandOver | null = null;
  #onWorkerGone: () => void = () => {};

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#unwatchSignals = options.watchSignals((signal) => {
      this.#signals.push(signal);
      this.#tell({ kind: 'signal', signal });
    });
    if (options.takeOver !== undefined) this.#adopt(options.takeOver);
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#tell({ kind: 'hold', isHeld });
  }

  leave(handOver: HandOver): void {
    this.#handOver = handOver;
    this.#coordinator?.kill('SIGKILL');
  }

  get isLeaving(): boolean {
    return this.#handOver !== null;
  }

  /** The processes of a run that another host has led. */
  #adopt({ epoch, journal, endpoint, processes, lostAt, adopt }: TakeOverFromHost): void {
    this.#journal = journal;
    this.#endpoint = endpoint;
    this.#lostAt = lostAt;
    this.#firstGeneration = firstGenerationOf(epoch);
    for (const process of processes) {
      const { slot, attempt } = process;
      this.#processes.set(slot, { ...process, worker: null });
      if (process.exit !== null) continue;
      this.#processes.get(slot)!.worker = adopt(process, this.#watchFor([{ slot, attempt }]));
    }
  }

  async run(): Promise<SupervisedOutcome> {
    const { rendezvous, healthyMs = HEALTHY_MS } = this.#options;
    const maxRestarts = rendezvous.coordinatorWaitMs === 0 ? 0 : this.#options.maxRestarts;
    const policy = { maxRestarts, backoffMs: BACKOFF_MS, healthyMs };
    let restarts = 0;
    let loss = this.#options.takeOver?.loss ?? null;
    for (;;) {
      if (this.#handOver !== null) return await this.#leave(this.#handOver);
      const startedMs = performance.now();
      const end = await this.#oneCoordinator(loss);
      if (end.kind === 'outcome') {
        const { error, ...outcome } = end.outcome;
        return { ...outcome, error: error === null ? null : errorOfFailure(error) };
      }
      if (this.#isClosed) return this.#lost(end.why);
      if (this.#handOver !== null) continue;
      const nowMs = performance.now();
      this.#lostAt = Date.now();
      this.#told.coordinatorWasLost();
      const decision = decideRestart(policy, { restarts, joinedMs: startedMs }, nowMs);
      if (decision.kind === 'leaveOut') return this.#lost(end.why);
      ({ restarts } = decision);
      loss = `The coordinator ${end.why}; another one takes the run over (restart ${restarts} of ${maxRestarts}).`;
      await new Promise((resolve) => setTimeout(resolve, decision.delayMs));
      if (this.#isClosed) return this.#lost(end.why);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unwatchSignals();
    this.#coordinator?.kill('SIGKILL');
    if (this.#hasLeft) return;
    for (const { worker } of this.#processes.values()) worker?.kill('SIGKILL');
    const limit = AbortSignal.timeout(KILLED_MS);
    const isOver = new Promise<void>((resolve) => limit.addEventListener('abort', () => resolve()));
    while (this.#hasWorkers && !limit.aborted) {
      const isGone = new Promise<void>((resolve) => {
        this.#onWorkerGone = resolve;
      });
      await Promise.race([isGone, isOver]);
    }
  }

  async #leave(handOver: HandOver): Promise<SupervisedOutcome> {
    this.#hasLeft = true;
    const step = this.#journal?.closed ?? 0;
    return { kind: 'left', ...(await handOver()), step, stateHash: null, error: null };
  }

  get #hasWorkers(): boolean {
    return [...this.#processes.values()].some(({ exit }) => exit === null);
  }

  /** No other coordinator is started. */
  #lost(why: string): CoordinatorOutcome {
    const reason = `Lost the coordinator: it ${why}.`;
    return this.aborted(
      new LockstepError('COORDINATOR_LOST', reason, 'Resume from the last checkpoint.'),
    );
  }

  aborted(error: LockstepError): CoordinatorOutcome {
    const { exitCode, message: reason } = error;
    const step = this.#journal?.closed ?? 0;
    return { kind: 'aborted', exitCode, reason, step, stateHash: null, error };
  }

  /** From its start to its end. */
  async #oneCoordinator(loss: string | null): Promise<End> {
    const { startCoordinator, rendezvous, task } = this.#options;
    const child = startCoordinator();
    this.#coordinator = child;
    const watched = this.#watchPulse(child);
    let outcome: PlainOutcome | null = null;
    let failed: LockstepError | null = null;
    let leave: NodeJS.Timeout | undefined;
    const lastWord = (): void => {
      leave = setTimeout(() => child.kill('SIGKILL'), LEAVE_MS);
    };
    child.on('message', (message: FromCoordinator) => {
      if (message.kind === 'outcome') outcome = message.outcome;
      else if (message.kind === 'failed') failed = errorOfFailure(message.failure);
      else return this.#onMessage(message);
      lastWord();
    });
    const ended = endOf(child);
    this.#tell({ kind: 'begin', rendezvous, task, takeOver: this.#takeOver(), loss });
    if (!this.#journal?.stopSignal) {
      for (const signal of this.#signals) this.#tell({ kind: 'signal', signal });
    }
    if (this.#isHeld) this.#tell({ kind: 'hold', isHeld: true });
    const status = await ended;
    clearTimeout(leave);
    const silence = watched.end();
    this.#coordinator = null;
    if (failed !== null) throw failed;
    if (outcome !== null) return { kind: 'outcome', outcome };
    const reason = status.lastLine === '' ? '' : `: ${status.lastLine}`;
    return { kind: 'lost', why: silence ?? `${describeExit(status)}${reason}` };
  }

  /** Kills a coordinator that is silent for too long; `end` returns why it did. */
  #watchPulse(child: ChildProcess): { readonly end: () => string | null } {
    const { silenceMs = COORDINATOR_SILENCE_MS } = this.#options;
    const pulse = new Pulse(silenceMs, performance.now());
    let lost: string | null = null;
    child.on('message', () => pulse.heard(performance.now()));
    const timer = setInterval(() => {
      lost ??= pulse.check(performance.now());
      if (lost !== null) child.kill('SIGKILL');
    }, TICK_MS);
    return {
      end: () => {
        clearInterval(timer);
        return lost;
      },
    };
  }

  #takeOver() {
    const endpoint = this.#endpoint;
    if (endpoint === null) return null;
    const processes = [...this.#processes].map(
      ([slot, { worker: _, ...process }]): SlotProcess => ({ slot, ...process }),
    );
    const firstGeneration = this.#firstGeneration;
    const known = { journal: this.#journal, processes };
    const succession = firstGeneration === undefined ? known : { ...known, firstGeneration };
    return { endpoint, lostAt: this.#lostAt, succession };
  }

  #onMessage(message: Exclude<FromCoordinator, { kind: 'outcome' | 'failed' }>): void {
    switch (message.kind) {
      case 'listening':
        this.#endpoint = message.endpoint;
        this.#options.onListening?.(message.endpoint);
        return;
      case 'journal':
        this.#journal = message.journal;
        this.#firstGeneration = undefined;
        this.#options.onJournal?.(message.journal);
        this.#told.journalCame();
        return;
      case 'launch':
        this.#launch(message.seats);
        return;
      case 'kill': {
        const process = this.#processes.get(message.slot);
        if (process?.attempt === message.attempt) process.worker?.kill(message.signal);
        return;
      }
      case 'event':
        if (!this.#told.isRepeated(message.event)) this.#options.onEvent?.(message.event);
        return;
      case 'heartbeat':
    }
  }

  #launch(seats: readonly Seat[]): void {
    for (const { slot, attempt } of seats) {
      this.#processes.set(slot, { attempt, pid: null, host: null, exit: null, worker: null });
    }
    for (const worker of this.#options.launch(seats, this.#watchFor(seats))) {
      this.#processes.get(worker.slot)!.worker = worker;
    }
  }

  #watchFor(seats: readonly { readonly slot: number; readonly attempt: number }[]): LaunchWatch {
    const attempts = new Map(seats.map(({ slot, attempt }) => [slot, attempt]));
    return {
      onSpawn: (slot, pid, name) => {
        const host = name ?? null;
        const attempt = attempts.get(slot)!;
        Object.assign(this.#processes.get(slot)!, { pid, host });
        this.#tell({ kind: 'spawned', slot, attempt, pid, host });
      },
      onExit: (slot, status) => this.#onExit(slot, attempts.get(slot)!, status),
    };
  }

  #onExit(slot: number, attempt: number, status: ExitStatus): void {
    const process = this.#processes.get(slot);
    if (process?.attempt === attempt) process.exit = status;
    this.#tell({ kind: 'exited', slot, attempt, status });
    this.#onWorkerGone();
  }

  #tell(message: ToCoordinator): void {
    // One that is gone needs to hear nothing: its successor is told all that is still true.
    if (this.#coordinator?.connected) this.#coordinator.send(message, () => {});
  }
}

/** When the process has ended and all that it said was read. */
async function endOf(child: ChildProcess): Promise<ExitStatus> {
  const disconnected = new Promise<void>((resolve) => child.once('disconnect', resolve));
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal, lastLine: '' }));
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      resolve({ code: null, signal: null, lastLine: asLockstepError(error).message });
    });
  });
  const status = await exited;
  if (child.connected) await disconnected;
  return status;
}
