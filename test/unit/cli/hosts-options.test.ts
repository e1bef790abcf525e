import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostsGiven } from '../../../src/cli/hosts-options.ts';

const NONE = {
  ...{ hosts: undefined, rendezvous: undefined, keyFile: undefined, hostsWait: 300 },
  onSignal: undefined,
};
const PMIX = { PMIX_NAMESPACE: 'prterun-h1-42@1', PMIX_RANK: '1' };

describe('hostsGiven()', () => {
  it('takes the number of this host from PMIx once it is said how many there are', () => {
    const given = hostsGiven({ ...NONE, hosts: 3 }, PMIX);
    assert.equal(given?.hosts, 3);
    assert.equal(given?.hostRank, 1);
    assert.equal(given?.start, 'pmix-prterun-h1-42@1');
  });

  it('refuses to train under PMIx alone, where each process would take itself for the only one', () => {
    const message = /PMIx started this process as number 1, but doesn't say of how many\.$/;
    assert.throws(() => hostsGiven(NONE, PMIX), { code: 'USAGE', message });
    assert.equal(hostsGiven({ ...NONE, hosts: 1 }, PMIX), undefined);
  });

  it('refuses --on-signal for a run of one host, where nobody is left to go on', () => {
    const message = /^Cannot use --on-signal: it belongs to a run on several hosts\.$/;
    assert.throws(() => hostsGiven({ ...NONE, onSignal: 'leave' }, {}), { code: 'USAGE', message });
    const given = hostsGiven({ ...NONE, hosts: 2, onSignal: 'leave' }, {});
    assert.equal(given?.onSignal, 'leave');
  });
});
