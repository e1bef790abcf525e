/**
 * The agent of a host that does not lead: it finds the leader, starts and watches the workers of its own host at the
 * leader's word, and ends as the run does. When the leader is gone it ends its workers.
 */
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { asLockstepError, LockstepError } from '../core/errors.ts';
import { errorOfFailure, failure } from '../core/failure.ts';
import type { StopSignal, WatchSignals } from '../core/stop-signal.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../core/temporary-folder.ts';
import { LOCKSTEP_VERSION } from '../core/version.ts';
import type { ExitStatus, Launch, LaunchedWorker } from '../launch/launching.ts';
import { type ControlClient, openControlClient } from '../protocol/control-socket.ts';
import { workerKeyFile } from '../protocol/curve-keys.ts';
import { hostKeys } from '../protocol/host-keys.ts';
import {
  decodeFromLeader,
  encodeHostMessage,
  HOST_PROTOCOL,
  type LeaderMessage,
  type MemberMessage,
  travelling,
} from '../protocol/host-messages.ts';
import { HEARTBEAT_MS, SILENCE_MS, STALL_MS, START_UP_MS, TICK_MS } from '../protocol/timing.ts';
import type { RunOutcome } from '../telemetry/run-event.ts';
import { type Reached, reach } from './address.ts';
import type { Invitation, Meeting } from './rendezvous/host-rendezvous.ts';

const LOOK_MS = 200;
/** One that does not answer so soon is perhaps none: where to find the leader is read again. */
const ANSWER_MS = 5_000;
/** A Ctrl-C in a terminal reaches the leader, too: what it hears itself comes first. */
const PASS_ON_MS = 500;
/** The last word has so long to get out. */
const LAST_WORD_MS = 100;
/** Workers that were killed are waited for so long. */
const KILLED_MS = 4_000;

export interface MemberOptions {
  /** Number of this host; null where the leader gives it one. */
  readonly hostRank: number | null;
  readonly workers: number;
  /** What this host was started for. */
  readonly request: string;
  /** The leader must be found so soon. */
  readonly waitMs: number;
  readonly throwIfStopped: () => void;
  readonly watchSignals: WatchSignals;
  /** What starts workers here, once the run is known. */
  readonly launcher: (run: RunHere) => Promise<Launch>;
  readonly tell: (text: string, isWarning?: boolean) => void;
}

export type RunHere = Omit<Extract<LeaderMessage, { kind: 'run' }>, 'kind'>;

/** How the run ended; `error` is what ended it early. */
export interface RunEnd {
  readonly outcome: RunOutcome | null;
  readonly error: LockstepError | null;
}

/**
 * Resolves when the leader has said how the run ended. On return no worker of this host is left.
 * @throws LockstepError TIMEOUT when no leader is found, PROTOCOL when it refuses this host, REQUEUED when the leader
 *   is gone: the run can be started again
 */
export async function followRun(
  meeting: Extract<Meeting, { role: 'follow' }>,
  options: MemberOptions,
): Promise<RunEnd> {
  const member = new HostMember(options);
  try {
    return await member.run(meeting);
  } finally {
    await member.close();
  }
}

interface RunningWorker {
  readonly attempt: number;
  readonly worker: LaunchedWorker;
}

class HostMember {
  readonly #options: MemberOptions;
  readonly #identity = `host-${process.pid}-${randomBytes(8).toString('hex')}`;
  readonly #workers = new Map<number, RunningWorker>();
  readonly #unwatchSignals: () => void;
  readonly #ended: Promise<RunEnd>;
  #resolve: (end: RunEnd) => void = () => {};
  #reject: (error: LockstepError) => void = () => {};
  #client: ControlClient | null = null;
  #reached: Reached | null = null;
  #leader: string | null = null;
  #launch: Launch | null = null;
  #keyFolder: string | null = null;
  #lastHeardMs = performance.now();
  #stops = 0;
  #onWorkerGone: () => void = () => {};

  constructor(options: MemberOptions) {
    this.#options = options;
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#ended.catch(() => undefined);
    this.#unwatchSignals = options.watchSignals((signal) => this.#onSignal(signal));
  }

  async run(meeting: Extract<Meeting, { role: 'follow' }>): Promise<RunEnd> {
    await this.#join(meeting);
    const timers = [
      setInterval(() => this.#say({ kind: 'heartbeat' }), HEARTBEAT_MS),
      this.#watchLeader(),
    ];
    try {
      return await this.#ended;
    } finally {
      for (const timer of timers) clearInterval(timer);
    }
  }

  async close(): Promise<void> {
    this.#unwatchSignals();
    await this.#endWorkers();
    this.#say({ kind: 'bye' });
    await sleep(LAST_WORD_MS);
    await this.#client?.close();
    if (this.#keyFolder !== null) removeTemporaryFolder(this.#keyFolder);
  }

  /** Looks for the leader until one has answered. */
  async #join(meeting: Extract<Meeting, { role: 'follow' }>): Promise<void> {
    const { waitMs, throwIfStopped, tell } = this.#options;
    const startedMs = performance.now();
    tell('Waiting for the host that leads.');
    while (performance.now() - startedMs < waitMs) {
      throwIfStopped();
      const invitation = meeting.find();
      const reached = invitation === null ? null : await reachAny(invitation);
      if (reached !== null && (await this.#hasAnswer(invitation!, reached))) return;
      await sleep(LOOK_MS);
    }
    throw new LockstepError(
      'TIMEOUT',
      `Cannot start the run: the host that leads was not found within ${waitMs / 1000} s.`,
      'Start the same command on each host, and let this one reach the leader by TCP.',
    );
  }

  async #hasAnswer({ port, secret }: Invitation, reached: Reached): Promise<boolean> {
    const { member } = hostKeys(secret);
    const handlers = {
      onReconnected: () => {},
      onFrame: (frame: Uint8Array | null) => this.#onFrame(frame),
      onSendFailure: () => {},
    };
    const endpoint = `tcp://${reached.remote}:${port}`;
    this.#client = openControlClient(endpoint, this.#identity, handlers, member);
    this.#reached = reached;
    const startedMs = performance.now();
    let end: RunEnd | LockstepError | null = null;
    const ended = this.#ended.then(
      (value) => {
        end = value;
      },
      (error: LockstepError) => {
        end = error;
      },
    );
    while (this.#leader === null && end === null && performance.now() - startedMs < ANSWER_MS) {
      this.#sayHello(reached);
      await Promise.race([ended, sleep(LOOK_MS)]);
    }
    if (this.#leader !== null || end !== null) return true;
    this.#client.giveUp();
    await this.#client.close();
    this.#client = null;
    return false;
  }

  #sayHello({ local, remote }: Reached): void {
    const { hostRank, workers, request } = this.#options;
    this.#say({
      kind: 'hello',
      ...{ protocol: HOST_PROTOCOL, version: LOCKSTEP_VERSION },
      ...{ hostRank, host: hostname(), pid: process.pid, workers },
      ...{ address: local, leaderAddress: remote, request },
    });
  }

  #say(message: MemberMessage): void {
    this.#client?.send(encodeHostMessage(message));
  }

  #onFrame(frame: Uint8Array | null): void {
    this.#lastHeardMs = performance.now();
    try {
      this.#onMessage(decodeFromLeader(frame));
    } catch (thrown) {
      this.#reject(asLockstepError(thrown));
    }
  }

  #onMessage(message: LeaderMessage): void {
    switch (message.kind) {
      case 'welcome': {
        if (this.#leader !== null) return;
        const { hostRank, hosts, host, pid } = message;
        this.#leader = `${host} (pid ${pid})`;
        this.#options.tell(`This is host ${hostRank} of ${hosts}; ${this.#leader} leads.`);
        return;
      }
      case 'refused':
        this.#reject(errorOf(message.failure));
        return;
      case 'run':
        void this.#prepare(message);
        return;
      case 'launch':
        this.#start(message);
        return;
      case 'kill': {
        const running = this.#workers.get(message.slot);
        if (running?.attempt === message.attempt) running.worker.kill(message.signal);
        return;
      }
      case 'end': {
        const { outcome, failure: reason } = message;
        this.#resolve({ outcome, error: reason === null ? null : errorOf(reason) });
        return;
      }
      case 'heartbeat':
    }
  }

  async #prepare(run: RunHere): Promise<void> {
    try {
      this.#launch = await this.#options.launcher(run);
      this.#keyFolder ??= makeTemporaryFolder();
      this.#say({ kind: 'ready' });
    } catch (thrown) {
      const error = asLockstepError(thrown);
      this.#say({ kind: 'cannot', failure: travelling(error) });
      this.#reject(error);
    }
  }

  /** What depends on this host replaces what the leader says of its own. */
  #start({ slot, attempt, environment, keys }: Extract<LeaderMessage, { kind: 'launch' }>): void {
    const keyFile = workerKeyFile(this.#keyFolder!, slot);
    rmSync(keyFile, { force: true });
    writeFileSync(keyFile, keys, { mode: 0o600, flag: 'wx' });
    const own = Object.entries(environment).filter(([name]) => name.startsWith('LOCKSTEP_'));
    const seat = {
      ...{ slot, attempt },
      environment: {
        ...Object.fromEntries(own),
        LOCKSTEP_DATA_ADDRESS: `tcp://${this.#reached!.local}:*`,
        LOCKSTEP_KEY_FILE: keyFile,
        LOCKSTEP_PRIVATE_FOLDER: this.#keyFolder!,
        LOCKSTEP_PARENT_PID: String(process.pid),
      },
    };
    const watch = {
      onSpawn: (_: number, pid: number) => this.#say({ kind: 'spawned', slot, attempt, pid }),
      onExit: (_: number, status: ExitStatus) => {
        if (this.#workers.get(slot)?.attempt === attempt) this.#workers.delete(slot);
        const lastLine = status.lastLine.slice(0, 4096);
        this.#say({ kind: 'exited', slot, attempt, status: { ...status, lastLine } });
        this.#onWorkerGone();
      },
    };
    for (const worker of this.#launch!([seat], watch)) this.#workers.set(slot, { attempt, worker });
  }

  /** A second Ctrl-C ends this host at once, whatever the run does. */
  #onSignal(signal: StopSignal): void {
    this.#stops++;
    if (this.#stops > 1 && signal === 'SIGINT') {
      const message = 'This host was interrupted a second time.';
      this.#reject(new LockstepError('INTERRUPTED', message, 'The other hosts may go on.'));
    }
    setTimeout(() => this.#say({ kind: 'signal', signal }), PASS_ON_MS).unref();
  }

  /** While the leader prepares the run it may compute for long. */
  #watchLeader(): NodeJS.Timeout {
    let lastTickMs = performance.now();
    return setInterval(() => {
      const nowMs = performance.now();
      if (nowMs - lastTickMs > TICK_MS + STALL_MS) this.#lastHeardMs = nowMs;
      lastTickMs = nowMs;
      const limitMs = this.#launch === null ? START_UP_MS : SILENCE_MS;
      if (nowMs - this.#lastHeardMs > limitMs) this.#reject(leaderLost(this.#leader!, limitMs));
    }, TICK_MS);
  }

  async #endWorkers(): Promise<void> {
    for (const { worker } of this.#workers.values()) worker.kill('SIGKILL');
    const limit = sleep(KILLED_MS, null, { ref: false });
    const isOver = limit.then(() => true);
    while (this.#workers.size > 0) {
      const isGone = new Promise<boolean>((resolve) => {
        this.#onWorkerGone = () => resolve(false);
      });
      if (await Promise.race([isGone, isOver])) return;
    }
  }
}

async function reachAny({ addresses, port }: Invitation): Promise<Reached | null> {
  const found = await Promise.all(addresses.map((address) => reach(address, port)));
  return found.find((one) => one !== null) ?? null;
}

const errorOf = (sent: { code: string; message: string; advice: string }): LockstepError =>
  errorOfFailure(failure(sent.code, sent.message, sent.advice));

/** What was not saved is computed again: a scheduler may queue the job again. */
function leaderLost(leader: string, silenceMs: number): LockstepError {
  return new LockstepError(
    'REQUEUED',
    `Lost the host that leads, ${leader}: nothing was heard of it for ${silenceMs} ms.`,
    'Start the run again: it continues from its newest checkpoint.',
  );
}
