import assert from 'node:assert/strict';
import { it } from 'node:test';
import { lostProcesses } from '../../../src/cluster/lost-processes.ts';
import type { Journal, SlotProcess } from '../../../src/coordinator/succession.ts';

const living = (slot: number): SlotProcess => ({
  ...{ slot, attempt: 0, pid: 100 + slot, host: 'h1', exit: null },
});
const hostOf = (slot: number) => ({ name: slot < 2 ? 'h1' : 'h2', hasLeft: slot >= 2 });

it('lostProcesses() tells of each slot of which no host spoke, and whether its host has left', () => {
  const lost = lostProcesses([living(0)], 3, null, hostOf);
  assert.deepEqual(
    lost.map(({ slot, attempt, host, pid }) => ({ slot, attempt, host, pid })),
    [
      { slot: 1, attempt: 0, host: 'h1', pid: null },
      { slot: 2, attempt: 0, host: 'h2', pid: null },
    ],
  );
  const common = { code: null, signal: null, lastLine: '' };
  assert.deepEqual(
    lost.map(({ exit }) => exit),
    [
      { ...common, hostLost: 'nothing was heard' },
      { ...common, hostLeft: true },
    ],
  );
});

it('lostProcesses() numbers a process as the newest one of its slot that the journal knows', () => {
  const journal = { losses: [{ slot: 1, attempt: 4 }] } as unknown as Journal;
  const lost = lostProcesses([living(0), living(2)], 3, journal, hostOf);
  assert.deepEqual(
    lost.map(({ slot, attempt }) => ({ slot, attempt })),
    [{ slot: 1, attempt: 4 }],
  );
});
