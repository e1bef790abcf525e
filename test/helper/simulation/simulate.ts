/** A whole run, coordinator and workers, on a simulated network and clock, disturbed as a seed says. */
import type {
  CoordinatorOutcome,
  MachineEvent,
  MachineState,
  RunPolicy,
} from '../../../src/coordinator/machine.ts';
import { initialMachine, reduceMachine } from '../../../src/coordinator/machine.ts';
import type { Journal, SlotProcess } from '../../../src/coordinator/succession.ts';
import { isJournalOld, journalOf, successor } from '../../../src/coordinator/succession.ts';
import type { FaultName } from '../../../src/core/fault-names.ts';
import type {
  CoordinatorBody,
  CoordinatorMessage,
  WorkerBody,
  WorkerMessage,
} from '../../../src/protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/messages.ts';
import { HEARTBEAT_MS, TICK_MS } from '../../../src/protocol/timing.ts';
import type { CoordinatorEvent } from '../../../src/telemetry/coordinator-event.ts';
import { drawnWork, simulatedPolicy } from './drawn-run.ts';
import type { NetworkQuality } from './network.ts';
import { COORDINATOR, Network } from './network.ts';
import type { SavedState, SimulatedWork, Surroundings } from './process.ts';
import { SimulatedProcess } from './process.ts';
import { World } from './world.ts';

export interface Disturbances {
  /** Injected once the run has begun, at random times. */
  readonly faults: number;
  readonly quality: NetworkQuality;
  /** Only the first so many slots are where the run's folder is; 0: all are. @default 0 */
  readonly homeWorkers?: number;
}

export interface SimulatedEnd {
  readonly outcome: CoordinatorOutcome | null;
  readonly events: readonly CoordinatorEvent[];
  readonly work: SimulatedWork;
  /** How often all workers were lost at once, so that the run went on from the disk. */
  readonly setbacks: number;
  readonly restarts: number;
  /** Times that a connection was cut, which loses what is said meanwhile. */
  readonly cuts: number;
  /** Times that the coordinator was killed. */
  readonly successions: number;
}

export const GOOD_NETWORK: NetworkQuality = {
  minDelayMs: 0.1,
  maxDelayMs: 3,
  loss: 0,
  duplication: 0,
  reordering: 0,
  damage: 0,
};
export const BAD_NETWORK: NetworkQuality = {
  minDelayMs: 0.1,
  maxDelayMs: 30,
  loss: 0.002,
  duplication: 0.02,
  reordering: 0.02,
  damage: 0.002,
};

const LIMIT_MS = 3_600_000;

/** What is injected; those that stand here more often come more often. */
const INJECTED = [
  ...(['kill', 'kill', 'kill', 'kill', 'pause', 'partition-worker', 'kill-several'] as const),
  ...(['partition-coordinator', 'late-frames', 'kill-coordinator', 'kill-coordinator'] as const),
] as const satisfies readonly FaultName[];

/** The same seed and disturbances give the same run, event by event. */
export async function simulate(seed: number, disturbances: Disturbances): Promise<SimulatedEnd> {
  const run = new SimulatedRun(seed, disturbances);
  return await run.toEnd();
}

class SimulatedRun {
  readonly #world: World;
  readonly #network: Network;
  readonly #work: SimulatedWork;
  readonly #policy: RunPolicy;
  readonly #faults: number;
  readonly #processes = new Map<number, SimulatedProcess>();
  readonly #events: CoordinatorEvent[] = [];
  readonly #disk: { saved: SavedState | null } = { saved: null };
  readonly #around: Surroundings;
  #state: MachineState;
  #outcome: CoordinatorOutcome | null = null;
  #hasBegun = false;
  #setbackGenerations = new Set<number>();
  #restarts = 0;
  #cuts = 0;
  /** What the supervisor knows. */
  readonly #known = new Map<number, SlotProcess>();
  #journal: Journal | null = null;
  /** Since when there is no coordinator. */
  #awaySinceMs: number | null = null;
  /** What was said to it meanwhile. */
  readonly #unread: (() => void)[] = [];
  #successions = 0;

  constructor(seed: number, { faults, quality, homeWorkers = 0 }: Disturbances) {
    this.#world = new World(seed);
    this.#network = new Network(this.#world, quality);
    this.#faults = faults;
    this.#work = drawnWork(this.#world, 9);
    const worldSize = 1 + this.#world.pick(5);
    this.#policy = simulatedPolicy(this.#work, { worldSize, homeWorkers, joinMs: 60_000 });
    this.#state = initialMachine(this.#policy, 0);
    const workersOnHost = 1 + this.#world.pick(3);
    this.#around = {
      hostOf: (slot) => `h${Math.floor(slot / workersOnHost)}`,
      world: this.#world,
      network: this.#network,
      work: this.#work,
      endpoints: new Map(),
      disk: this.#disk,
      seesDisk: (slot) => homeWorkers === 0 || slot < homeWorkers,
      onSetback: () => this.#setbackGenerations.add(this.#state.membership.generation),
      toCoordinator: (from, body, generation) => this.#toCoordinator(from, body, generation),
      onExit: (process, code) => this.#onExit(process, code),
    };
  }

  async toEnd(): Promise<SimulatedEnd> {
    for (let slot = 0; slot < this.#policy.worldSize; slot++) this.#launch(slot, 0);
    this.#every(TICK_MS, () => this.#dispatch({ kind: 'tick', nowMs: this.#world.nowMs }));
    this.#every(HEARTBEAT_MS, () => this.#heartbeat());
    await this.#world.run(() => this.#outcome !== null, LIMIT_MS);
    for (const process of this.#processes.values()) process.kill();
    return {
      outcome: this.#outcome,
      events: this.#events,
      work: this.#work,
      setbacks: this.#setbackGenerations.size,
      restarts: this.#restarts,
      cuts: this.#cuts,
      successions: this.#successions,
    };
  }

  #every(ms: number, action: () => void): void {
    this.#world.after(ms, () => {
      action();
      this.#every(ms, action);
    });
  }

  #dispatch(event: MachineEvent): void {
    if (this.#outcome !== null || this.#awaySinceMs !== null) return;
    const { state, effects } = reduceMachine(this.#state, event);
    if (isJournalOld(this.#state, state)) this.#journal = throughJson(journalOf(state));
    this.#state = state;
    for (const effect of effects) {
      if (effect.kind === 'send') this.#send(effect.slot, effect.body);
      if (effect.kind === 'launch') this.#launch(effect.slot, effect.attempt);
      if (effect.kind === 'kill') this.#kill(effect.slot);
      if (effect.kind === 'event') this.#events.push(effect.event);
      if (effect.kind === 'end') this.#outcome = effect.outcome;
    }
    if (state.membership.hasRun && !this.#hasBegun) this.#begin();
  }

  #launch(slot: number, attempt: number): void {
    if (attempt > 0) this.#restarts++;
    this.#known.set(slot, { slot, attempt, pid: 1, host: null, exit: null });
    // Loading the engine takes its time.
    this.#world.after(this.#world.between(100, 2_000), () => {
      this.#processes.set(slot, new SimulatedProcess(this.#around, slot, attempt));
    });
  }

  #kill(slot: number): void {
    const process = this.#processes.get(slot);
    this.#world.after(this.#world.between(0, 5), () => process?.kill());
  }

  #onExit(process: SimulatedProcess, code: number | null): void {
    const { slot, attempt } = process;
    if (this.#processes.get(slot) === process) this.#processes.delete(slot);
    this.#around.endpoints.delete(process.name);
    const status = { code, signal: code === null ? 'SIGKILL' : null, lastLine: '' };
    this.#world.after(this.#world.between(0, 5), () => {
      const known = this.#known.get(slot);
      if (known?.attempt === attempt) this.#known.set(slot, { ...known, exit: status });
      this.#dispatch({ kind: 'exited', slot, attempt, status, nowMs: this.#world.nowMs });
    });
  }

  #toCoordinator(from: SimulatedProcess, body: WorkerBody, generation: number): void {
    const { slot, attempt, name } = from;
    const envelope = { protocol: PROTOCOL_VERSION, run: 'simulated', generation };
    const message = { ...body, ...envelope } as WorkerMessage;
    const read = () =>
      this.#dispatch({ kind: 'message', slot, attempt, message, nowMs: this.#world.nowMs });
    this.#network.send(name, COORDINATOR, () => {
      if (this.#awaySinceMs === null) read();
      // What was on its way to the process that died is lost, what came later waits.
      else if (this.#world.nowMs > this.#awaySinceMs + 20) this.#unread.push(read);
    });
  }

  /** SIGKILL of the coordinator; another one takes over a moment later. */
  #killCoordinator(): void {
    if (this.#awaySinceMs !== null) return;
    this.#successions++;
    this.#awaySinceMs = this.#world.nowMs;
    this.#world.after(this.#world.between(100, 4_000), () => this.#takeOver());
  }

  #takeOver(): void {
    const awayMs = this.#world.nowMs - this.#awaySinceMs!;
    const processes = [...this.#known.values()];
    const succession = { journal: this.#journal, processes, awayMs };
    this.#state = successor(this.#policy, succession, this.#world.nowMs);
    this.#awaySinceMs = null;
    for (const { slot, attempt, exit } of processes) {
      if (exit !== null) {
        const nowMs = this.#world.nowMs;
        this.#dispatch({ kind: 'exited', slot, attempt, status: exit, nowMs });
      }
    }
    for (const read of this.#unread.splice(0)) read();
  }

  #send(slot: number, body: CoordinatorBody): void {
    const { members, generation } = this.#state.membership;
    const { attempt } = members.at(slot)!;
    const envelope = { protocol: PROTOCOL_VERSION, run: 'simulated', generation };
    const message = { ...body, ...envelope } as CoordinatorMessage;
    this.#network.send(COORDINATOR, `worker-${slot}-${attempt}`, () => {
      const process = this.#processes.get(slot);
      if (process?.attempt === attempt) process.received(message);
    });
  }

  #heartbeat(): void {
    if (this.#awaySinceMs !== null) return;
    for (const [slot, { atMs }] of this.#state.membership.heard.toArray().entries()) {
      if (atMs !== null) this.#send(slot, { kind: 'heartbeat' });
    }
  }

  #begin(): void {
    this.#hasBegun = true;
    const aboutMs = this.#work.totalSteps * 60;
    for (let fault = 0; fault < this.#faults; fault++) {
      // Some come while an earlier one is being dealt with.
      const atMs = this.#world.between(0, this.#world.chance(0.5) ? aboutMs : 3 * aboutMs);
      this.#world.after(atMs, () => this.#inject());
    }
  }

  #inject(): void {
    const alive = [...this.#processes.values()];
    const victim = alive[this.#world.pick(alive.length)];
    const fault = INJECTED[this.#world.pick(INJECTED.length)]!;
    if (fault === 'kill-coordinator') this.#killCoordinator();
    if (victim === undefined) return;
    if (fault === 'kill') victim.kill();
    if (fault === 'pause') victim.stop(this.#world.between(50, 6_000));
    if (fault === 'partition-worker') this.#cut(victim.name, 6_000);
    if (fault === 'kill-several') {
      for (const process of alive) if (this.#world.chance(0.7)) process.kill();
    }
    if (fault === 'partition-coordinator') this.#cut(COORDINATOR, 2_500);
    if (fault === 'late-frames') this.#lagAndKill(alive);
  }

  /** Frames that are still under way when the next generation has begun. */
  #lagAndKill(alive: readonly SimulatedProcess[]): void {
    for (const { name } of alive) this.#network.lag(name, 1_000);
    const victim = alive[this.#world.pick(alive.length)]!;
    this.#world.after(this.#world.between(20, 300), () => victim.kill());
  }

  #cut(end: string, longestMs: number): void {
    this.#cuts++;
    this.#network.cut(end, this.#world.between(10, longestMs));
  }
}

/** As it crosses to the supervisor and back. */
const throughJson = (journal: Journal): Journal => JSON.parse(JSON.stringify(journal)) as Journal;
