/** A coordinator process's side of its supervisor: what it begins with, and the processes that the supervisor owns. */
import { asLockstepError } from '../../core/errors.ts';
import { failureOfError } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import type { StopSignal } from '../../core/stop-signal.ts';
import { STOP_SIGNALS } from '../../core/stop-signal.ts';
import { takeKeptSignals } from '../../launch/kept-signals.ts';
import type { LaunchedWorker, LaunchWatch } from '../../launch/launching.ts';
import { HEARTBEAT_MS } from '../../protocol/timing.ts';
import type { RunEvent } from '../../telemetry/run-event.ts';
import type { CoordinatorOutcome } from '../machine.ts';
import { openRendezvous } from '../rendezvous.ts';
import type { CoordinatorOptions } from '../server.ts';
import { EventOutbox } from './event-outbox.ts';
import type { Beginning, FromCoordinator, ToCoordinator } from './messages.ts';

/** Options of `runCoordinator` that come from the supervisor. */
export type SupervisedOptions = Pick<
  CoordinatorOptions,
  'rendezvous' | 'launch' | 'watchSignals' | 'watchHolds' | 'takeOver' | 'onListening' | 'onJournal'
>;

/** What the program of a coordinator process is given. */
export interface Supervised {
  readonly options: SupervisedOptions;
  readonly task: JsonObject;
  /** What happened to the coordinator before, in one sentence. */
  readonly loss: string | null;
  /** Passes an event on to the run's reader. It never waits: for a reader that is far behind, events are dropped. */
  readonly tell: (event: RunEvent) => void;
}

/**
 * Runs `body` as the coordinator of a supervised run, with its `task`, and tells the supervisor how it ended. The
 * process ends at once when the supervisor is gone: the workers, its children, end then, too.
 */
export async function runSupervised(
  body: (supervised: Supervised) => Promise<CoordinatorOutcome>,
): Promise<void> {
  const supervisor = new Supervisor();
  try {
    const beginning = await supervisor.begun;
    const { task, loss } = beginning;
    const options = supervisor.options(beginning);
    const outcome = await body({
      options,
      task,
      loss,
      tell: (event) => supervisor.events.tell(event),
    });
    const error = outcome.error === null ? null : failureOfError(outcome.error);
    await supervisor.say({ kind: 'outcome', outcome: { ...outcome, error } });
  } catch (thrown) {
    await supervisor.say({ kind: 'failed', failure: failureOfError(asLockstepError(thrown)) });
  } finally {
    supervisor.close();
  }
}

type News = Extract<ToCoordinator, { kind: 'spawned' | 'exited' }>;

class Supervisor {
  readonly begun: Promise<Beginning>;
  /** By slot; attempts that are over are not asked any more. */
  readonly #watches = new Map<number, { readonly attempt: number; readonly watch: LaunchWatch }>();
  /** What became of processes before anybody watched them. */
  readonly #news: News[] = [];
  readonly #heartbeat: NodeJS.Timeout;
  #begin: (beginning: Beginning) => void = () => {};
  /** Signals that came before anybody watched. */
  readonly #early: StopSignal[] = [];
  #onSignal = (signal: StopSignal): void => void this.#early.push(signal);
  #isHeld = false;
  #onHold = (isHeld: boolean): void => {
    this.#isHeld = isHeld;
  };
  readonly events = new EventOutbox((event) => this.say({ kind: 'event', event }));

  constructor() {
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    process.on('message', this.#onMessage);
    process.on('disconnect', endAtOnce);
    // It may have gone while this program was loaded, and nobody listened yet.
    if (!process.connected) endAtOnce();
    // A terminal's Ctrl-C reaches this process and the supervisor, which passes every signal on: once is enough.
    for (const signal of STOP_SIGNALS) process.on(signal, ignore);
    takeKeptSignals();
    // The first word: from here on the supervisor's limit on silence counts.
    void this.say({ kind: 'heartbeat' });
    this.#heartbeat = setInterval(() => void this.say({ kind: 'heartbeat' }), HEARTBEAT_MS);
  }

  options({ rendezvous, takeOver }: Beginning): SupervisedOptions {
    return {
      rendezvous: openRendezvous(rendezvous),
      launch: (seats, watch) => {
        void this.say({ kind: 'launch', seats });
        return seats.map(({ slot, attempt }) => this.#worker(slot, attempt, watch));
      },
      watchSignals: (onSignal) => {
        this.#onSignal = onSignal;
        for (const signal of this.#early.splice(0)) onSignal(signal);
        return () => {
          this.#onSignal = ignore;
        };
      },
      watchHolds: (onHold) => {
        if (this.#isHeld) onHold(true);
        this.#onHold = onHold;
      },
      onListening: (endpoint) => void this.say({ kind: 'listening', endpoint }),
      onJournal: (journal) => void this.say({ kind: 'journal', journal }),
      ...(takeOver !== null && {
        takeOver: {
          endpoint: takeOver.endpoint,
          succession: { ...takeOver.succession, awayMs: Date.now() - takeOver.lostAt },
          adopt: (watch: LaunchWatch) =>
            takeOver.succession.processes
              .filter(({ exit }) => exit === null)
              .map(({ slot, attempt }) => this.#worker(slot, attempt, watch)),
        },
      }),
    };
  }

  /** Resolves when the message is on its way, or can't be any more. */
  async say(message: FromCoordinator): Promise<void> {
    await new Promise<void>((resolve) => {
      // A supervisor that is gone is dealt with by 'disconnect'.
      if (process.connected) process.send!(message, undefined, {}, () => resolve());
      else resolve();
    });
  }

  close(): void {
    clearInterval(this.#heartbeat);
    process.off('message', this.#onMessage);
    process.off('disconnect', endAtOnce);
    if (process.connected) process.disconnect();
  }

  #worker(slot: number, attempt: number, watch: LaunchWatch): LaunchedWorker {
    this.#watches.set(slot, { attempt, watch });
    // Once the caller knows of the worker.
    setImmediate(() => {
      for (const news of this.#news.splice(0)) this.#onNews(news);
    });
    return { slot, kill: (signal) => void this.say({ kind: 'kill', slot, attempt, signal }) };
  }

  readonly #onMessage = (message: ToCoordinator): void => {
    if (message.kind === 'begin') this.#begin(message);
    else if (message.kind === 'signal') this.#onSignal(message.signal);
    else if (message.kind === 'hold') this.#onHold(message.isHeld);
    else this.#onNews(message);
  };

  #onNews(news: News): void {
    const { slot, attempt } = news;
    const watched = this.#watches.get(slot);
    if (watched === undefined || watched.attempt < attempt) this.#news.push(news);
    else if (watched.attempt === attempt) {
      if (news.kind === 'spawned') watched.watch.onSpawn(slot, news.pid, news.host ?? undefined);
      else watched.watch.onExit(slot, news.status);
    }
  }
}

const ignore = (): void => {};

function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}
