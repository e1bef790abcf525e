/** Cables between made-up hosts, with a bandwidth, a delay and losses. See cables.c. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMPILER } from './compiler.ts';

/** What each host's cable is like; alike in both directions. */
export interface Cable {
  /** Of what Ethernet sends, so that a TCP stream gets 94 % of it. */
  readonly megabitsPerSecond: number;
  /** From one host to another. */
  readonly delayMs: number;
  /** Share of the packets that are lost. @default 0 */
  readonly loss?: number;
}

/** Why there can be none between made-up hosts; undefined where they can. */
export function whyNoCables(): string | undefined {
  if (COMPILER === undefined) return 'cables need a C compiler';
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (thrown) {
    return `cables need /dev/net/tun (${(thrown as NodeJS.ErrnoException).code})`;
  }
}

export class Cables {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#ended = once(process, 'exit');
  }

  /**
   * Gives each network namespace a device `eth0`.
   * @param inside the command that runs another one where the namespaces are
   */
  static async lay(
    { megabitsPerSecond, delayMs, loss = 0 }: Cable,
    namespaces: readonly string[],
    inside: readonly [string, ...string[]],
  ): Promise<Cables> {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-cables-'));
    const program = buildCables(folder);
    const numbers = [megabitsPerSecond, Math.round(1000 * delayMs), Math.round(1e6 * loss)];
    const [enter, ...words] = [...inside, program, ...numbers.map(String), ...namespaces];
    const child = spawn(enter!, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    const cables = new Cables(child);
    const [first] = (await Promise.race([once(child.stdout, 'data'), cables.#ended])) as unknown[];
    rmSync(folder, { recursive: true });
    assert.equal(String(first), 'up\n', 'the cables could not be laid');
    return cables;
  }

  /** Pulls a host's cable out, or puts it in again. Hosts are numbered from 1. */
  set(host: number, state: 'up' | 'down'): void {
    this.#process.stdin!.write(`${state} ${host}\n`);
  }

  /** Resolves when nothing is left of them. */
  async removed(): Promise<void> {
    this.#process.stdin!.end();
    await this.#ended;
  }
}

function buildCables(folder: string): string {
  const source = fileURLToPath(new URL('./cables.c', import.meta.url));
  const program = join(folder, 'cables');
  const built = spawnSync(COMPILER!, ['-x', 'c', '-O2', '-o', program, source]);
  assert.equal(built.status, 0, String(built.stderr));
  return program;
}
