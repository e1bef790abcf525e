/** What a step's time follows from: hosts, their network, and how fast they are. */

/** Equal hosts, each with one cable to one switch. */
export interface Cluster {
  readonly hosts: number;
  /** One a GPU. */
  readonly workersPerHost: number;
  readonly network: Network;
  /** Of a host: they encrypt, add and copy. */
  readonly cores: number;
}

export interface Network {
  /** In each direction. */
  readonly gigabitsPerSecond: number;
  /** From one host to another. */
  readonly delayMs: number;
}

/** How long it takes to move the numbers of an all-reduce by one way. */
export interface WaySpeed {
  /** Of CPU time of a worker, for each byte that it sends; the receiver's part and the sums are in it. */
  readonly cpuMsPerByte: number;
  /** Of a whole all-reduce of almost nothing. */
  readonly roundMs: number;
}

/** Milliseconds of CPU or GPU for each padded position, at micro-batches of one padded length. */
export interface LengthSpeed {
  readonly paddedLength: number;
  readonly msPerPosition: number;
}

/** What was measured. */
export interface Speeds {
  /** At some padded lengths, ascending, at least one. */
  readonly gradients: readonly LengthSpeed[];
  /** Adding two leaves of one worker. */
  readonly mergeMs: number;
  /** The update of the weights. */
  readonly applyMs: number;
  /** How much longer the slowest worker takes than they do on average, as a factor from 1. */
  readonly spread: number;
  readonly sharedMemory: WaySpeed;
  /** Encrypted, on the loopback address. */
  readonly tcp: WaySpeed;
}

/** A micro-batch, for what it costs. */
export interface MicroBatchShape {
  readonly rows: number;
  readonly paddedLength: number;
  /** Timesteps that are no padding. */
  readonly tokens: number;
}

/** Milliseconds of a micro-batch's gradients: by its padded length between those that were measured. */
export function gradientMs(
  { rows, paddedLength }: MicroBatchShape,
  measured: readonly LengthSpeed[],
): number {
  const above = measured.findIndex((one) => one.paddedLength >= paddedLength);
  const right = measured.at(above)!;
  const left = above <= 0 ? right : measured[above - 1]!;
  const log = (one: Pick<LengthSpeed, 'paddedLength'>) => Math.log(one.paddedLength);
  const share =
    left === right ? 0 : (Math.log(paddedLength) - log(left)) / (log(right) - log(left));
  const msPerPosition = left.msPerPosition + share * (right.msPerPosition - left.msPerPosition);
  return rows * paddedLength * msPerPosition;
}
