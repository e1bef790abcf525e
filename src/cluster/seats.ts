/** The workers of all hosts, as the coordinator's `Launch` sees them. */
import type { ExitStatus, LaunchedWorker, LaunchWatch, Seat } from '../launch/launching.ts';
import type { LeaderMessage } from '../protocol/host-messages.ts';

/** A host's side of it. */
export interface SeatHost {
  readonly name: string;
  /** False while its agent is away, or can't start workers yet: they are started when it can. */
  readonly isReady: boolean;
  say(message: LeaderMessage): void;
}

interface Taken {
  readonly seat: Seat;
  readonly watch: LaunchWatch;
  readonly host: SeatHost;
  isSent: boolean;
  hasStarted: boolean;
}

export class Seats {
  /** By slot: the newest process, or the one to be started. */
  readonly #taken = new Map<number, Taken>();

  launch(host: SeatHost, seat: Seat, watch: LaunchWatch): LaunchedWorker {
    const { slot, attempt } = seat;
    this.#taken.set(slot, { seat, watch, host, isSent: false, hasStarted: false });
    if (host.isReady) this.send(host);
    return { slot, kill: (signal) => this.#kill(slot, attempt, signal) };
  }

  /** Watches a process that another leader has started. */
  adopt(host: SeatHost, slot: number, attempt: number, watch: LaunchWatch): LaunchedWorker {
    const seat = { slot, attempt, environment: {} };
    this.#taken.set(slot, { seat, watch, host, isSent: true, hasStarted: true });
    return { slot, kill: (signal) => this.#kill(slot, attempt, signal) };
  }

  /** Whether the coordinator knows of this process. */
  has(host: SeatHost, slot: number, attempt: number): boolean {
    return this.#of(host, slot, attempt)?.isSent === true;
  }

  /** Starts what waits for this host. */
  send(host: SeatHost): void {
    for (const taken of this.#taken.values()) {
      if (taken.host !== host || taken.isSent) continue;
      taken.isSent = true;
      const { slot, attempt, environment } = taken.seat;
      host.say({ kind: 'launch', slot, attempt, environment: { ...environment } });
    }
  }

  /** The host did perhaps not hear what it was to start. @param running what runs there */
  sendAgain(host: SeatHost, running: readonly { slot: number; attempt: number }[]): void {
    for (const taken of this.#taken.values()) {
      if (taken.host !== host || taken.hasStarted) continue;
      const { slot, attempt } = taken.seat;
      const isThere = running.some((one) => one.slot === slot && one.attempt === attempt);
      if (!isThere) taken.isSent = false;
    }
    if (host.isReady) this.send(host);
  }

  spawned(host: SeatHost, slot: number, attempt: number, pid: number): void {
    const taken = this.#of(host, slot, attempt);
    if (!taken?.isSent) return;
    taken.hasStarted = true;
    taken.watch.onSpawn(slot, pid, host.name);
  }

  exited(host: SeatHost, slot: number, attempt: number, status: ExitStatus): void {
    const taken = this.#of(host, slot, attempt);
    if (taken?.isSent) this.#end(taken, status);
  }

  /** All its workers are lost. */
  lost(host: SeatHost, how: Pick<ExitStatus, 'hostLost' | 'hostLeft'>): void {
    for (const taken of [...this.#taken.values()]) {
      if (taken.host !== host || !taken.isSent) continue;
      this.#end(taken, { code: null, signal: null, lastLine: '', ...how });
    }
  }

  #kill(slot: number, attempt: number, signal: NodeJS.Signals): void {
    const taken = this.#taken.get(slot);
    if (taken?.seat.attempt !== attempt) return;
    const { host, isSent } = taken;
    if (!isSent) this.#end(taken, { code: null, signal, lastLine: '' });
    else host.say({ kind: 'kill', slot, attempt, signal: signal as 'SIGKILL' });
  }

  #of(host: SeatHost, slot: number, attempt: number): Taken | undefined {
    const taken = this.#taken.get(slot);
    return taken?.host === host && taken.seat.attempt === attempt ? taken : undefined;
  }

  #end({ seat, watch }: Taken, status: ExitStatus): void {
    this.#taken.delete(seat.slot);
    watch.onExit(seat.slot, status);
  }
}
