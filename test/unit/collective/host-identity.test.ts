import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hostIdentity } from '../../../src/collective/transport/host-identity.ts';

it('is the same for processes of one host', () => {
  assert.match(hostIdentity(), /^[0-9a-f]{16}$/);
  assert.equal(hostIdentity(), hostIdentity());
});

it('is of each process alone where there is no /proc', () => {
  const proc = '/nowhere';
  assert.match(hostIdentity(proc), /^[0-9a-f]{16}$/);
  assert.notEqual(hostIdentity(proc), hostIdentity(proc));
});
