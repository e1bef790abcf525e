import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { answerProbes, probeAgents } from '../../../src/cluster/probe.ts';

const WAIT_MS = 20_000;
const newRun = (): string => `/runs/${randomBytes(8).toString('hex')}`;

describe('probeAgents()', () => {
  it('hears of every agent of a run on this host, until it ends', async () => {
    const run = newRun();
    assert.deepEqual(await probeAgents(run, WAIT_MS), { alive: [], silent: 0 });
    const [first, second] = [await answerProbes(run), await answerProbes(run)];
    const other = await answerProbes(newRun());
    const both = [process.pid, process.pid];
    assert.deepEqual(await probeAgents(run, WAIT_MS), { alive: both, silent: 0 });
    first();
    assert.deepEqual((await probeAgents(run, WAIT_MS)).alive, [process.pid]);
    second();
    other();
    assert.deepEqual(await probeAgents(run, WAIT_MS), { alive: [], silent: 0 });
  });

  it('knows a run by its path from any folder', async () => {
    const end = await answerProbes('runs/a');
    assert.equal((await probeAgents(`${process.cwd()}/runs/../runs/a`, WAIT_MS)).alive.length, 1);
    end();
  });
});
