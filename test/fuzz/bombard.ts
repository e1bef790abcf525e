/** Mutated bytes at the bound ports of a run that goes on: from strangers, and from one with a worker's keys. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { Dealer } from 'zeromq';
import type { RunKeys } from '../../src/protocol/curve-keys.ts';
import { readKeyFile } from '../../src/protocol/curve-keys.ts';
import { clientOptions } from '../../src/protocol/gate.ts';
import { CONTROL, HEADERS, TCP } from './corpus.ts';
import type { Dice } from './mutate.ts';
import { diceOf, mutate } from './mutate.ts';

export interface Bombardment {
  /** The run's coordinator and its workers. */
  readonly coordinator: number;
  readonly workers: readonly number[];
  /** TCP connections of strangers, over all ports. */
  readonly connections: number;
  /** Messages of a peer that has a worker's keys, over all ports. */
  readonly frames: number;
  readonly seed: number;
}

/** Resolves when everything was sent. Throws when a process of the run has no open port. */
export async function bombard(what: Bombardment): Promise<void> {
  const dice = diceOf(what.seed);
  const environment = environmentOf(what.workers[0]!);
  const keys = readKeyFile(environment.LOCKSTEP_KEY_FILE!);
  const targets = [
    { port: portOf(what.coordinator), serverKey: keys.coordinatorKey },
    ...what.workers.map((pid) => ({
      port: portOf(pid),
      serverKey: readKeyFile(environmentOf(pid).LOCKSTEP_KEY_FILE!).publicKey,
    })),
  ];
  for (let i = 0; i < what.connections; i++) {
    await stranger(targets[i % targets.length]!.port, dice);
  }
  for (const [i, target] of targets.entries()) {
    const share = Math.ceil(what.frames / targets.length);
    await insider(target, keys, share, i === 0 ? controlFrame : dataFrame, dice);
  }
}

/** Says something, and leaves as rudely as the dice want. */
async function stranger(port: number, dice: Dice): Promise<void> {
  const bytes = mutate(TCP[dice(TCP.length)]!, TCP, dice);
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      const rest = () => (dice(2) === 0 ? socket.end() : socket.resetAndDestroy());
      socket.write(bytes, () => setImmediate(rest));
    });
    socket.on('error', () => {}).once('close', () => resolve());
    socket.resume();
  });
}

const controlFrame = (dice: Dice): Buffer[] => [
  mutate(CONTROL[dice(CONTROL.length)]!, CONTROL, dice),
  ...(dice(20) === 0 ? [Buffer.alloc(dice(9))] : []),
];
const dataFrame = (dice: Dice): Buffer[] => [
  mutate(HEADERS[dice(HEADERS.length)]!, HEADERS, dice),
  ...Array.from({ length: dice(10) === 0 ? dice(4) : 1 }, () => Buffer.alloc(dice(99), dice(256))),
];

async function insider(
  { port, serverKey }: { readonly port: number; readonly serverKey: string },
  keys: RunKeys,
  frames: number,
  make: (dice: Dice) => Buffer[],
  dice: Dice,
): Promise<void> {
  const socket = new Dealer({
    ...clientOptions(keys, serverKey),
    linger: 400,
    sendTimeout: 30_000,
  });
  try {
    socket.connect(`tcp://127.0.0.1:${port}`);
    for (let i = 0; i < frames; i++) await socket.send(make(dice));
  } finally {
    socket.close();
  }
}

export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

export function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
}

function environmentOf(pid: number): Readonly<Record<string, string>> {
  const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return Object.fromEntries(entries.map((entry) => entry.split(/=(.*)/s).slice(0, 2)));
}

/** The TCP port that a process listens on. */
export function portOf(pid: number): number {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)),
  );
  const lines = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1);
  for (const line of lines) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === '0A' && inodes.has(`socket:[${inode}]`)) {
      return Number.parseInt(local!.split(':')[1]!, 16);
    }
  }
  throw new Error(`Process ${pid} listens on no TCP port.`);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
