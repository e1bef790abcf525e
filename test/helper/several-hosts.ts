/** What tests of runs on several hosts share: the made-up hosts, a folder that they see, and what a run must end with. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before } from 'node:test';
import type { Cable } from './cables.ts';
import { type Ended, fixtureConfig, type Started, Workplace } from './command-line.ts';
import { type Family, MadeUpHosts } from './made-up-hosts.ts';

/** A short run of two phases. */
export const CONFIG = fixtureConfig('two-phases.yaml');
/** The first host leads. */
export const BY_NAME = ['--rendezvous', 'tcp://h1:29400', '--key-file', 'key'];
/** The command line of an agent. */
export const AGENT = /lockstep\.js (train|resume)/;

interface SeveralHostsOptions {
  /** Configuration of the run that one process does first, as `alone`; null for none. @default `CONFIG` */
  readonly alone?: readonly string[] | null;
  readonly cable?: Cable;
  readonly family?: Family;
  /** Whether each host has a folder of its own, which `startOnOwnDisk` hides from the other. @default false */
  readonly ownDisks?: boolean;
}

/** Made in a `describe`: the hosts are there while its tests run. */
export class SeveralHosts {
  readonly place = new Workplace();
  readonly #count: number;
  #made: MadeUpHosts | undefined;

  constructor(count: number, options: SeveralHostsOptions = {}) {
    const { alone = [CONFIG], cable, family, ownDisks = false } = options;
    this.#count = count;
    before(async () => {
      if (alone !== null) await this.alone('alone', ...alone);
      writeFileSync(this.place.path('key'), 'b1'.repeat(32), { mode: 0o600 });
      for (let host = 1; ownDisks && host <= count; host++) mkdirSync(this.place.path(`h${host}`));
      this.#made = await MadeUpHosts.open(count, cable, family);
    });
    after(async () => {
      await this.#made?.close();
      this.place.remove();
    });
  }

  get made(): MadeUpHosts {
    return this.#made!;
  }

  /** Hash of the state that one process ended with. */
  get hash(): string {
    return this.place.stateHash('alone');
  }

  /** A run in one process, without hosts. */
  async alone(run: string, ...args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.place.run('train', ...args, '--run', run);
    assert.equal(code, 0, stderr);
  }

  startOn(host: number, ...args: readonly string[]): Started {
    return this.place.startOn(this.made, host, ...args);
  }

  /**
   * Starts the command in a host's own folder: nothing of the other hosts' is seen there.
   * @param mount a command of the shell by which more is mounted there
   */
  startOnOwnDisk(host: number, args: readonly string[], mount?: string): Started {
    const folders = Array.from({ length: this.#count }, (_, at) => this.place.path(`h${at + 1}`));
    const [own, others] = [folders[host - 1]!, folders.filter((_, at) => at !== host - 1)];
    return this.place.startOnDisk(this.made, host, { own, others, ...(mount && { mount }) }, args);
  }

  /** Number of the host that leads, as the run's folder says. */
  leaderOf(run: string): number {
    const { host } = this.place.json(run, 'lock') as { host: string };
    return Number(host.slice(1));
  }

  /** The agent of a host and its workers die at once. */
  killAllOn(host: number): void {
    for (const pid of this.made.pidsOn(host, /lockstep|worker/)) this.made.kill('KILL', pid);
  }

  signalAgentOn(host: number, signal: string): void {
    const pids = this.made.pidsOn(host, AGENT);
    assert.notEqual(pids.length, 0, `no agent runs on host ${host}`);
    for (const pid of pids) this.made.kill(signal, pid);
  }

  coordinatorLog(...run: readonly string[]): string {
    return readFileSync(this.place.path(...run, 'logs', 'coordinator.log'), 'utf8');
  }

  /** Steps were told without gap or repetition, and the run ended with the bits of one process. */
  assertIsOneHistory(run: string): void {
    const told = this.place.steps(run);
    assert.deepEqual(
      told,
      [...new Set(told)].toSorted((a, b) => a - b),
    );
    assert.equal(this.place.stateHash(run), this.hash);
  }
}

/** Each worker waits in each step, so that the run lasts longer than what happens to it. */
export const slow = (ranks: readonly number[], ms: number): string[] =>
  ranks.flatMap((rank) => ['--simulate', `slow@rank=${rank},step=3,ms=${ms}`]);

export async function allEnd(started: Iterable<Started>): Promise<Ended[]> {
  return await Promise.all([...started].map(({ ended }) => ended));
}

/** All end well. */
export async function allSucceed(started: Iterable<Started>): Promise<Ended[]> {
  const ended = await allEnd(started);
  for (const { code, stderr } of ended) assert.equal(code, 0, stderr);
  return ended;
}
