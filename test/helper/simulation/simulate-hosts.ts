/** A whole run on several hosts, on a simulated network, clock and disk, disturbed as a seed says. */
import type { CoordinatorOutcome } from '../../../src/coordinator/machine.ts';
import type { CoordinatorEvent } from '../../../src/telemetry/coordinator-event.ts';
import { drawnWork, simulatedPolicy } from './drawn-run.ts';
import { SimulatedHost, type Site } from './host.ts';
import { Network, type NetworkQuality } from './network.ts';
import type { SavedState, SimulatedProcess, SimulatedWork } from './process.ts';
import { World } from './world.ts';

export interface HostDisturbances {
  /** Injected once the run has begun, at random times. */
  readonly faults: number;
  readonly quality: NetworkQuality;
  /** Whether hosts leave with notice, too. */
  readonly leaves: boolean;
  /** Whether hosts also sleep, or are cut off from all others, until the folder's owner is taken for dead. */
  readonly silences: boolean;
  readonly planned?: PlannedRun;
}

/** Disturbances at given times, instead of drawn ones. */
export interface PlannedRun {
  readonly hosts: number;
  readonly steps: number;
  readonly faults: readonly PlannedFault[];
}

export interface PlannedFault {
  /** After the first step. */
  readonly atMs: number;
  readonly forMs: number;
  /** This host stands still; null: no host hears another one. */
  readonly sleeps: number | null;
}

export interface SimulatedHostsEnd {
  readonly outcome: CoordinatorOutcome | null;
  readonly events: readonly CoordinatorEvent[];
  readonly work: SimulatedWork;
  readonly takeovers: number;
  readonly setbacks: number;
  /** Hosts that have left with notice. */
  readonly departures: number;
  /** What must not be: a generation that a leader formed after a newer one had, or a takeover in an older epoch. */
  readonly splits: readonly string[];
}

const LIMIT_MS = 3_600_000;
const INJECTED = [
  ...(['kill-leader', 'kill-leader', 'kill-host', 'kill-worker', 'part', 'part'] as const),
  ...(['pause-agent', 'pause-worker', 'kill-two'] as const),
] as const;
const LEAVES = [
  'leave',
  'leave',
  'leave-leader',
  'leave-leader',
  'leave-two',
  'leave-all',
] as const;
const SILENCES = [
  ...(['sleep', 'sleep-leader', 'sleep-leader', 'part-all', 'part-all', 'kill-leader'] as const),
] as const;

/** The same seed and disturbances give the same run, event by event. */
export async function simulateHosts(
  seed: number,
  disturbances: HostDisturbances,
): Promise<SimulatedHostsEnd> {
  return await new SimulatedSite(seed, disturbances).toEnd();
}

class SimulatedSite {
  readonly #world: World;
  readonly #site: Site;
  readonly #work: SimulatedWork;
  readonly #faults: number;
  readonly #silences: boolean;
  readonly #planned: PlannedRun | undefined;
  readonly #injected: readonly (
    | (typeof INJECTED)[number]
    | (typeof LEAVES)[number]
    | (typeof SILENCES)[number]
  )[];
  readonly #perHost: readonly number[];
  readonly #events: CoordinatorEvent[] = [];
  readonly #splits: string[] = [];
  #newestFormed = 0;
  #newestTaken = 1;
  #outcome: CoordinatorOutcome | null = null;
  #takeovers = 0;
  #setbacks = 0;
  #departures = 0;
  #incarnations = 0;
  #hasBegun = false;

  constructor(seed: number, { faults, quality, leaves, silences, planned }: HostDisturbances) {
    const world = new World(seed);
    this.#world = world;
    this.#faults = faults;
    this.#silences = silences;
    this.#planned = planned;
    this.#injected = [
      ...INJECTED,
      ...(leaves ? [...LEAVES, ...LEAVES] : []),
      ...(silences ? [...SILENCES, ...SILENCES] : []),
    ];
    const work = drawnWork(world, 12);
    // To leave takes seconds, to fall silent a minute.
    const times = leaves ? 12 : silences ? 4 : 1;
    this.#work = {
      ...work,
      totalSteps: planned?.steps ?? times * work.totalSteps,
      stepMs: silences ? 3_000 : work.stepMs,
    };
    const hosts = 2 + world.pick(4);
    this.#perHost = Array.from({ length: planned?.hosts ?? hosts }, () => 1 + world.pick(2));
    const hostOfSlot = (slot: number): number => {
      let first = 0;
      return this.#perHost.findIndex((count) => {
        first += count;
        return slot < first;
      });
    };
    const hostOf = (end: string): number => {
      const [kind, number] = end.split('-');
      return kind === 'worker' ? hostOfSlot(Number(number)) : Number(number);
    };
    const network = new Network(world, quality, hostOf);
    this.#site = {
      world,
      network,
      folder: { owner: '', touchedMs: 0 },
      hosts: [],
      hostOfSlot,
      policy: simulatedPolicy(this.#work, {
        worldSize: this.#perHost.reduce((sum, count) => sum + count, 0),
        ...{ homeWorkers: 0, joinMs: 120_000 },
      }),
      surroundings: {
        hostOf: (slot) => `h${hostOfSlot(slot)}`,
        world,
        network,
        work: this.#work,
        endpoints: new Map<string, SimulatedProcess>(),
        disk: { saved: null as SavedState | null },
        seesDisk: () => true,
        onSetback: () => {
          this.#setbacks++;
        },
      },
      onEvent: (event) => this.#onEvent(event),
      onFormed: (epoch, generation) => this.#onFormed(epoch, generation),
      onOutcome: (outcome) => {
        this.#outcome ??= outcome;
      },
      onTakeover: (epoch) => this.#onTakeover(epoch),
      onLeft: (rank) => {
        this.#departures++;
        this.#comesBack(rank);
      },
    };
    const ranks = [...this.#perHost.keys()];
    const view = { epoch: 1, version: 0, leader: 0, hosts: ranks };
    for (const rank of ranks) this.#site.hosts.push(new SimulatedHost(this.#site, rank, 0, view));
  }

  async toEnd(): Promise<SimulatedHostsEnd> {
    this.#site.hosts[0]!.begin();
    await this.#world.run(() => this.#outcome !== null, LIMIT_MS);
    for (const host of this.#site.hosts) host.kill();
    return {
      outcome: this.#outcome,
      events: this.#events,
      work: this.#work,
      takeovers: this.#takeovers,
      setbacks: this.#setbacks,
      departures: this.#departures,
      splits: this.#splits,
    };
  }

  #onEvent(event: CoordinatorEvent): void {
    this.#events.push(event);
    if (event.kind === 'step' && !this.#hasBegun) this.#begin();
  }

  #onFormed(epoch: number, generation: number): void {
    if (epoch < this.#newestFormed) {
      this.#splits.push(
        `generation ${generation} of epoch ${epoch} after epoch ${this.#newestFormed}`,
      );
    }
    this.#newestFormed = Math.max(epoch, this.#newestFormed);
  }

  #onTakeover(epoch: number): void {
    this.#takeovers++;
    if (epoch <= this.#newestTaken) {
      this.#splits.push(`the folder taken in epoch ${epoch} after epoch ${this.#newestTaken}`);
    }
    this.#newestTaken = Math.max(epoch, this.#newestTaken);
  }

  #begin(): void {
    this.#hasBegun = true;
    const world = this.#world;
    for (let fault = 0; fault < this.#faults; fault++) {
      const spans = this.#silences ? [3_000, 40_000, 120_000] : [200, 3_000, 12_000];
      const atMs = world.between(0, spans[world.pick(spans.length)]!);
      world.after(atMs, () => this.#inject());
    }
    for (const fault of this.#planned?.faults ?? []) {
      world.after(fault.atMs, () => this.#injectPlanned(fault));
    }
  }

  #injectPlanned({ sleeps, forMs }: PlannedFault): void {
    if (sleeps === null) this.#partAll(forMs);
    else this.#site.hosts[sleeps]!.sleep(forMs);
  }

  #partAll(ms: number): void {
    const { hosts, network } = this.#site;
    network.part(
      hosts.map(({ rank }) => [rank]),
      ms,
    );
  }

  #inject(): void {
    const { hosts, network } = this.#site;
    const world = this.#world;
    const alive = hosts.filter(({ isAlive }) => isAlive);
    if (alive.length === 0) return;
    const victim = alive[world.pick(alive.length)]!;
    const fault = this.#injected[world.pick(this.#injected.length)]!;
    switch (fault) {
      case 'kill-leader':
        this.#kill(alive.find(({ leads }) => leads) ?? victim);
        return;
      case 'kill-host':
        this.#kill(victim);
        return;
      case 'kill-two':
        this.#kill(victim);
        this.#kill(alive[world.pick(alive.length)]!);
        return;
      case 'kill-worker':
        victim.processes[world.pick(Math.max(1, victim.processes.length))]?.kill();
        return;
      case 'leave':
        this.#leave([victim]);
        return;
      case 'leave-leader':
        this.#leave([alive.find(({ leads }) => leads) ?? victim]);
        return;
      case 'leave-two':
        this.#leave([victim, alive[world.pick(alive.length)]!]);
        return;
      case 'leave-all':
        // As a scheduler that takes the whole job away.
        for (const host of alive) world.after(world.between(0, 3_000), () => host.leave());
        return;
      case 'pause-agent':
        victim.stop(world.between(100, 8_000));
        return;
      case 'pause-worker':
        victim.processes[world.pick(Math.max(1, victim.processes.length))]?.stop(
          world.between(50, 6_000),
        );
        return;
      case 'sleep':
        victim.sleep(world.between(20_000, 90_000));
        return;
      case 'sleep-leader':
        (alive.find(({ leads }) => leads) ?? victim).sleep(world.between(20_000, 90_000));
        return;
      case 'part': {
        const island = hosts.map(({ rank }) => rank).filter(() => world.chance(0.5));
        network.part([island], world.between(200, 50_000));
        return;
      }
      case 'part-all':
        this.#partAll(world.between(20_000, 120_000));
    }
  }

  #leave(leaving: readonly SimulatedHost[]): void {
    for (const host of leaving) if (this.#othersOf(host).length > 0) host.leave();
  }

  /** Those that go on with the run when this host is gone. */
  #othersOf(host: SimulatedHost): SimulatedHost[] {
    return this.#site.hosts.filter((other) => other !== host && other.knowsRun && !other.isLeaving);
  }

  /** It comes again after a while: its scheduler starts it, or its power is back. */
  #kill(host: SimulatedHost): void {
    // When all are gone the run is started again, by `--resume auto`.
    if (!host.isAlive || this.#othersOf(host).length === 0) return;
    host.kill();
    this.#comesBack(host.rank);
  }

  #comesBack(rank: number): void {
    this.#world.after(this.#world.between(500, 30_000), () => {
      this.#site.hosts[rank] = new SimulatedHost(this.#site, rank, ++this.#incarnations, null);
    });
  }
}
