import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rendezvousOf } from '../../../src/workflow/placement.ts';

const of = (transport: 'ipc' | 'tcp' | 'insecure-tcp') => rendezvousOf({ transport });

test('workers meet by Unix sockets, or by tcp on the loopback address alone', () => {
  assert.deepEqual(of('ipc'), { kind: 'ipc' });
  assert.deepEqual(of('tcp'), { kind: 'tcp', host: '127.0.0.1' });
  assert.deepEqual(of('insecure-tcp'), { kind: 'insecure-tcp', host: '127.0.0.1' });
});
