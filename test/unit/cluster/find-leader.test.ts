import assert from 'node:assert/strict';
import { it } from 'node:test';
import { leaderNotFound, type Obstacle } from '../../../src/cluster/find-leader.ts';

const at = { addresses: ['h1', 'fd77::11'], port: 29400, secret: Buffer.alloc(32, 0xab) };
const obstacles: [Obstacle, RegExp][] = [
  [{ kind: 'unknown' }, /the host that leads was not found within 20 s\. Start/],
  [
    { kind: 'alone', owner: { host: 'h2', pid: 7 } },
    /within 20 s: process 7 on host "h2" has the run's folder, and leads no other host\. Wait/,
  ],
  [{ kind: 'absent', at }, /: nothing listens at h1:29400 or \[fd77::11\]:29400\. Start/],
  [
    { kind: 'silent', at },
    /: what listens at h1:29400 or .* has another key, or leads no run\. Give/,
  ],
  [
    { kind: 'full', hosts: 2 },
    /: all its 2 hosts are there, and none has gone within 20 s\. Start/,
  ],
];

for (const [obstacle, line] of obstacles) {
  it(`a host that finds no leader says why, and what to do: ${obstacle.kind}`, () => {
    const said = leaderNotFound(20_000, obstacle).toLine();
    assert.match(said, line);
    assert.doesNotMatch(said, /abab/);
  });
}
