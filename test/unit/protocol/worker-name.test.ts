import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { curveKeyPair } from 'zeromq';
import type { RunKeys } from '../../../src/protocol/curve-keys.ts';
import { placeNamed, printableName, workerName } from '../../../src/protocol/worker-name.ts';

const coordinatorPair = curveKeyPair();
const pairs = [curveKeyPair(), curveKeyPair()];
const known = {
  coordinatorKey: coordinatorPair.publicKey,
  workerKeys: pairs.map(({ publicKey }) => publicKey),
};
const coordinator: RunKeys = { ...coordinatorPair, ...known };
const [first, second] = pairs.map((pair): RunKeys => ({ ...pair, ...known })) as [RunKeys, RunKeys];
const place = { slot: 0, attempt: 2 };

describe('the name of a worker', () => {
  it('is worked out alike by the worker and its coordinator', () => {
    const name = workerName(place, 'run#secret', first);
    assert.match(name, /^worker-0-2-[0-9a-f]{32}$/);
    assert.equal(workerName(place, 'run#secret', coordinator), name);
    assert.deepEqual(placeNamed(name), place);
  });

  it('is another one for another key, place or start', () => {
    const names = [
      workerName(place, 'run#secret', first),
      workerName(place, 'run#secret', second),
      workerName({ slot: 0, attempt: 3 }, 'run#secret', first),
      workerName({ slot: 1, attempt: 2 }, 'run#secret', first),
      workerName(place, 'run#other', first),
    ].map((name) => name.slice(-32));
    assert.equal(new Set(names).size, names.length);
  });

  it('proves nothing where nothing is encrypted', () => {
    assert.equal(workerName(place, 'run#secret', null), 'worker-0-2');
    assert.deepEqual(placeNamed('worker-0-2'), place);
  });

  it('has no code in a log, nor control characters', () => {
    assert.equal(printableName(workerName(place, 'run#secret', first)), 'worker-0-2');
    assert.equal(printableName('worker-0-2-\n\u001b'), 'worker-0-2');
    assert.equal(printableName('some\none'), 'some?one');
    assert.equal(placeNamed('worker-0-2x'), null);
  });
});
