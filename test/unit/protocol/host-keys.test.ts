import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { curveKeyPair } from 'zeromq';
import { openControlClient, openControlServer } from '../../../src/protocol/control-socket.ts';
import {
  coordinatorKeyFile,
  readKeyFile,
  workerKeyFile,
  writeKeyFiles,
} from '../../../src/protocol/curve-keys.ts';
import { Gate } from '../../../src/protocol/gate.ts';
import {
  hostKeys,
  processKeys,
  publicKeysOf,
  readSecretFile,
  secretOfVariable,
} from '../../../src/protocol/host-keys.ts';
import { keyBytes, z85 } from '../../../src/protocol/zap.ts';

const SECRET = Buffer.alloc(32, 7);

describe('hostKeys()', () => {
  it('are the same for the same secret, and others for another one', () => {
    assert.deepEqual(hostKeys(SECRET), hostKeys(Buffer.alloc(32, 7)));
    const other = hostKeys(Buffer.alloc(32, 8));
    assert.notEqual(hostKeys(SECRET).leader.secretKey, other.leader.secretKey);
    const { leader, member } = hostKeys(SECRET);
    assert.notEqual(leader.publicKey, member.publicKey);
    assert.deepEqual(member.coordinatorKey, leader.publicKey);
    assert.deepEqual(leader.workerKeys, [member.publicKey]);
  });

  it('are pairs: a member gets through to its leader, and nobody with another secret', async () => {
    const heard: string[] = [];
    const { leader, member } = hostKeys(SECRET);
    const gate = await Gate.open(leader, () => {});
    const onFrame = (peer: string): void => void heard.push(peer);
    const server = await openControlServer(
      'tcp://127.0.0.1:*',
      { onFrame, onSendFailure: () => {} },
      gate,
    );
    const quiet = { onReconnected: () => {}, onFrame: () => {}, onSendFailure: () => {} };
    const stranger = { ...hostKeys(Buffer.alloc(32, 8)).member, coordinatorKey: leader.publicKey };
    const clients = [
      openControlClient(server.endpoint, 'stranger', quiet, stranger),
      openControlClient(server.endpoint, 'member', quiet, member),
    ];
    for (const client of clients) client.send(Buffer.from('x'));
    while (heard.length === 0 || gate.counts.wrongKeys === 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(heard, ['member']);
    for (const client of clients) client.giveUp();
    await Promise.all(clients.map((client) => client.close()));
    server.close();
    await gate.close();
  });

  it('are written as ZeroMQ writes keys', () => {
    const { publicKey } = curveKeyPair();
    assert.equal(z85(Buffer.from(keyBytes(publicKey), 'hex')), publicKey);
  });
});

describe('processKeys()', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  after(() => rmSync(folder, { recursive: true }));
  const known = publicKeysOf(SECRET, 'run#1', 5);

  it('are the same on every host, which has those of its own workers only', () => {
    const [two, four] = [[2, 3], [4]].map((slots) => processKeys(SECRET, 'run#1', known, slots));
    assert.deepEqual(two!.coordinator, four!.coordinator);
    assert.equal(two!.coordinator.publicKey, known.coordinatorKey);
    assert.deepEqual([...two!.workers.keys()], [2, 3]);
    assert.equal(four!.workers.get(4)!.publicKey, known.workerKeys[4]);
    assert.notDeepEqual(publicKeysOf(SECRET, 'run#2', 5), known);
  });

  it('can be written to key files, whatever else is known of the run', () => {
    const run = { ...known, run: 'run#1', worldSize: 5 };
    const keys = processKeys(SECRET, 'run#1', run, [1]);
    writeKeyFiles(folder, keys);
    assert.deepEqual(readKeyFile(coordinatorKeyFile(folder)), keys.coordinator);
    assert.deepEqual(readKeyFile(workerKeyFile(folder, 1)), keys.workers.get(1));
  });
});

describe('a secret', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'key');

  it('is 64 hexadecimal digits, in a file of its owner or in a variable', () => {
    writeFileSync(path, `${'0a'.repeat(32)}\n`, { mode: 0o600 });
    assert.deepEqual(readSecretFile(path), Buffer.alloc(32, 10));
    assert.deepEqual(secretOfVariable('0A'.repeat(32)), Buffer.alloc(32, 10));
  });

  it('is refused otherwise, and not quoted', () => {
    assert.throws(() => secretOfVariable('secret'), { code: 'USAGE', message: /LOCKSTEP_KEY: it/ });
    writeFileSync(path, 'secret');
    assert.throws(() => readSecretFile(path), {
      code: 'USAGE',
      message: `Cannot use the key file ${path}: it does not hold 64 hexadecimal digits.`,
    });
    chmodSync(path, 0o640);
    assert.throws(() => readSecretFile(path), { code: 'INSECURE', message: /its mode is 640/ });
    assert.throws(() => readSecretFile(join(folder, 'none')), { code: 'USAGE', message: /ENOENT/ });
  });

  it('is not waited for where there is no file', () => {
    const pipe = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', ['-m', '600', pipe]).status, 0);
    assert.throws(() => readSecretFile(pipe), { code: 'USAGE', message: /is no file/ });
    mkdirSync(join(folder, 'inner'), { mode: 0o700 });
    const inner = () => readSecretFile(join(folder, 'inner'));
    assert.throws(inner, { code: 'USAGE', message: /is a folder/ });
  });
});
