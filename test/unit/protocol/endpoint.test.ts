import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  hostAndPort,
  isIPv6Endpoint,
  splitHostAndPort,
  tcpEndpoint,
} from '../../../src/protocol/endpoint.ts';

describe('an endpoint', () => {
  it('has brackets around an IPv6 address only', () => {
    assert.equal(hostAndPort('10.0.0.1', 29400), '10.0.0.1:29400');
    assert.equal(hostAndPort('fd00::1', 29400), '[fd00::1]:29400');
    assert.equal(tcpEndpoint('h0', '*'), 'tcp://h0:*');
    assert.equal(tcpEndpoint('::', '*'), 'tcp://[::]:*');
    assert.deepEqual(['tcp://[::1]:5', 'tcp://h0:5', 'ipc:///[x'].map(isIPv6Endpoint), [
      true,
      false,
      false,
    ]);
  });

  it('comes apart as it was put together', () => {
    const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(hosts, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        assert.deepEqual(splitHostAndPort(hostAndPort(host, port)), { host, port });
        assert.deepEqual(splitHostAndPort(tcpEndpoint(host, port)), { host, port });
      }),
    );
  });

  it('that is none has no host', () => {
    for (const text of ['fd00::1:5', 'h0', 'tcp://h0', 'tcp://a/b:5', '[::1]5', '']) {
      assert.equal(splitHostAndPort(text).host, '', text);
    }
  });
});
