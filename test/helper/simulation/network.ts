/** Connections between simulated processes: in order and whole, unless the network is a bad one. */
import type { World } from './world.ts';

export const COORDINATOR = 'coordinator';
const LONGEST_LAG_MS = 400;

export interface NetworkQuality {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Probability that a message is lost, comes twice, or overtakes others. */
  readonly loss: number;
  readonly duplication: number;
  readonly reordering: number;
  /** Probability that a frame of numbers arrives with another byte. */
  readonly damage: number;
}

export class Network {
  readonly #world: World;
  readonly #quality: NetworkQuality;
  /** When the last message on each connection arrives. */
  readonly #lastMs = new Map<string, number>();
  /** Until when a connection is cut. */
  readonly #cutUntilMs = new Map<string, number>();

  /** Until when a worker's frames lag. */
  readonly #lagUntilMs = new Map<string, number>();

  /** Hosts that hear only each other, and until when; all others are one island, too. */
  #parted: { readonly islands: readonly (readonly number[])[]; readonly untilMs: number } | null =
    null;
  readonly #hostOf: (end: string) => number;

  /** @param hostOf the host of an end of a connection; all are on one by default */
  constructor(world: World, quality: NetworkQuality, hostOf: (end: string) => number = () => 0) {
    this.#world = world;
    this.#quality = quality;
    this.#hostOf = hostOf;
  }

  /** A switch fails: hosts of different islands don't hear each other meanwhile. */
  part(islands: readonly (readonly number[])[], ms: number): void {
    this.#parted = { islands, untilMs: this.#world.nowMs + ms };
  }

  /** What is sent meanwhile on connections with one of these ends is lost. */
  cut(end: string, ms: number): void {
    this.#cutUntilMs.set(end, this.#world.nowMs + ms);
  }

  /** Frames between this worker and others take so long meanwhile; what it says to the coordinator does not. */
  lag(end: string, ms: number): void {
    this.#lagUntilMs.set(end, this.#world.nowMs + ms);
  }

  send(from: string, to: string, deliver: () => void): void {
    const { loss, duplication } = this.#quality;
    if (this.#isCut(from) || this.#isCut(to) || this.#isParted(from, to)) return;
    if (this.#world.chance(loss)) return;
    this.#carry(from, to, deliver);
    if (this.#world.chance(duplication)) this.#carry(from, to, deliver);
  }

  /** The same over TCP, which loses nothing by itself, nor changes the order. */
  stream(from: string, to: string, deliver: () => void): void {
    if (this.#isCut(from) || this.#isCut(to) || this.#isParted(from, to)) return;
    this.#carry(from, to, deliver, 0);
  }

  /** What arrives of these bytes. */
  carried(bytes: Uint8Array): Uint8Array {
    const copy = new Uint8Array(bytes);
    if (copy.length > 0 && this.#world.chance(this.#quality.damage)) {
      copy[this.#world.pick(copy.length)]! ^= 1 << this.#world.pick(8);
    }
    return copy;
  }

  #isCut(end: string): boolean {
    return (this.#cutUntilMs.get(end) ?? 0) > this.#world.nowMs;
  }

  #isParted(from: string, to: string): boolean {
    const { islands, untilMs } = this.#parted ?? { islands: [], untilMs: 0 };
    if (untilMs <= this.#world.nowMs) return false;
    const islandOf = (end: string) =>
      islands.findIndex((hosts) => hosts.includes(this.#hostOf(end)));
    return islandOf(from) !== islandOf(to);
  }

  #lags(from: string, to: string): boolean {
    if (from === COORDINATOR || to === COORDINATOR) return false;
    return [from, to].some((end) => (this.#lagUntilMs.get(end) ?? 0) > this.#world.nowMs);
  }

  #carry(
    from: string,
    to: string,
    deliver: () => void,
    reordering = this.#quality.reordering,
  ): void {
    const { minDelayMs, maxDelayMs } = this.#quality;
    const lags = this.#lags(from, to);
    const arrivesMs =
      this.#world.nowMs + this.#world.between(minDelayMs, lags ? LONGEST_LAG_MS : maxDelayMs);
    const key = `${from}>${to}`;
    const lastMs = this.#lastMs.get(key) ?? 0;
    const inOrderMs = this.#world.chance(reordering) ? arrivesMs : Math.max(arrivesMs, lastMs);
    this.#lastMs.set(key, Math.max(inOrderMs, lastMs));
    this.#world.after(inOrderMs - this.#world.nowMs, deliver);
  }
}
