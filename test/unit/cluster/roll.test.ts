import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { admission, firstSlots, type Hello, type RollEntry } from '../../../src/cluster/roll.ts';

const POLICY = { hosts: 3, leader: 0, version: '1', request: 'train x' };
const HELLO: Hello = {
  kind: 'hello',
  protocol: 1,
  version: '1',
  hostRank: null,
  host: 'h2',
  pid: 5,
  workers: 2,
  address: '10.0.0.2',
  leaderAddress: '10.0.0.1',
  port: 4711,
  running: [],
  request: 'train x',
  hosts: 3,
};
const entry = (hostRank: number, change: Partial<RollEntry> = {}): [number, RollEntry] => [
  hostRank,
  { hostRank, peer: `p${hostRank}`, host: `h${hostRank + 1}`, pid: 1, workers: 2, ...change },
];
const decide = (roll: readonly [number, RollEntry][], change: Partial<Hello> = {}) =>
  admission(POLICY, new Map(roll), { ...HELLO, ...change });

describe('admission()', () => {
  it('numbers hosts that nobody has numbered in the order in which they come', () => {
    assert.deepEqual(decide([]), { kind: 'admit', hostRank: 1 });
    assert.deepEqual(decide([entry(1)]), { kind: 'admit', hostRank: 2 });
    assert.deepEqual(decide([entry(1), entry(2)]), { kind: 'wait' });
  });

  it('gives one that comes back its own place, with as many workers as before', () => {
    const away = [entry(1, { peer: null, host: 'h9' }), entry(2, { peer: null, host: 'h2' })];
    assert.deepEqual(decide(away), { kind: 'admit', hostRank: 2 });
    const other = [entry(1), entry(2, { peer: null, workers: 4 })];
    assert.match(JSON.stringify(decide(other)), /it has 2 workers, and host 2 had 4 before/);
  });

  it('believes the number of a scheduler, and waits while its last agent counts as there', () => {
    assert.deepEqual(decide([], { hostRank: 2 }), { kind: 'admit', hostRank: 2 });
    assert.deepEqual(decide([entry(2)], { hostRank: 2 }), { kind: 'wait' });
    for (const hostRank of [0, 3]) assert.equal(decide([], { hostRank }).kind, 'refuse');
  });

  it('refuses another version, and another command or configuration', () => {
    assert.equal(decide([], { version: '2' }).kind, 'refuse');
    assert.equal(decide([], { request: 'train y' }).kind, 'refuse');
    const { why } = decide([], { hosts: 2 }) as { why: string };
    assert.equal(why, 'it was started as one of 2 hosts, the leader as one of 3');
  });
});

describe('firstSlots()', () => {
  it('numbers slots host by host', () => {
    assert.deepEqual(firstSlots([2, 1, 4]), [0, 2, 3]);
  });
});
