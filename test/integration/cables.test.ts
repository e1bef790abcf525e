/** The cables between made-up hosts are what they were asked to be. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { programCommand } from '../../src/launch/program.ts';
import type { ProbedCable } from '../helper/cable-probe.ts';
import { type Cable, whyNoCables } from '../helper/cables.ts';
import { CLONE } from '../helper/clone.ts';
import { addressOf, MadeUpHosts, whyNoHosts } from '../helper/made-up-hosts.ts';

const PROBE = new URL('../helper/cable-probe.ts', import.meta.url);
/** On a busy machine whoever measures may be late, but not each time. */
const TRIES = 8;

function startOn(hosts: MadeUpHosts, host: number, ...args: string[]): ChildProcess {
  const [program, ...argv] = hosts.on(host, CLONE, [...programCommand(PROBE), ...args]);
  return spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function probe(hosts: MadeUpHosts): Promise<ProbedCable> {
  const child = startOn(hosts, 1, 'ask', addressOf(2));
  return JSON.parse(await text(child.stdout!)) as ProbedCable;
}

async function withCables<Result>(
  cable: Cable,
  use: (hosts: MadeUpHosts) => Promise<Result>,
): Promise<Result> {
  const hosts = await MadeUpHosts.open(2, cable);
  try {
    await once(startOn(hosts, 2, 'serve').stdout!, 'data');
    return await use(hosts);
  } finally {
    await hosts.close();
  }
}

/** Processes of this machine whose command line says this. */
const processesOf = (words: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(words);
    } catch {
      return false;
    }
  });

describe('cables between made-up hosts', { skip: whyNoHosts() ?? whyNoCables() ?? false }, () => {
  for (const cable of [
    { megabitsPerSecond: 100, delayMs: 5 },
    { megabitsPerSecond: 1000, delayMs: 1 },
  ]) {
    const { megabitsPerSecond, delayMs } = cable;
    it(`carry ${megabitsPerSecond} Mbit/s, ${delayMs} ms from host to host, and never more`, async () => {
      await withCables(cable, async (hosts) => {
        const seen: ProbedCable[] = [];
        const best = () => ({
          roundTripMs: Math.min(...seen.map((one) => one.roundTripMs)),
          rate: Math.max(...seen.map((one) => one.megabitsPerSecond)),
        });
        const isGood = () =>
          best().roundTripMs <= 1.2 * 2 * delayMs && best().rate >= 0.9 * megabitsPerSecond;
        while (seen.length === 0 || (!isGood() && seen.length < TRIES)) {
          seen.push(await probe(hosts));
        }
        assert.ok(isGood(), JSON.stringify(seen));
        assert.ok(best().roundTripMs >= 2 * delayMs, JSON.stringify(seen));
        // TCP has 1448 of the 1538 bytes of a packet.
        assert.ok(best().rate <= 0.96 * megabitsPerSecond, JSON.stringify(seen));
      });
    });
  }

  it('lose packets where they are asked to, and each way may be cut and mended', async () => {
    const cable = { megabitsPerSecond: 100, delayMs: 1, loss: 0.01 };
    await withCables(cable, async (hosts) => {
      hosts.cable(1, 'down');
      const answer = probe(hosts);
      const isThere = await Promise.race([
        answer.then(() => true),
        new Promise((resolve) => setTimeout(() => resolve(false), 500)),
      ]);
      assert.equal(isThere, false);
      hosts.cable(1, 'up');
      const { megabitsPerSecond } = await answer;
      assert.ok(megabitsPerSecond > 0 && megabitsPerSecond < 96);
    });
  });

  it('leave no process behind', async () => {
    const words = ['123', '1000', '777', 'h1', ''].join('\0');
    const cable = { megabitsPerSecond: 123, delayMs: 1, loss: 777e-6 };
    await withCables(cable, async () => assert.notDeepEqual(processesOf(words), []));
    assert.deepEqual(processesOf(words), []);
  });
});
