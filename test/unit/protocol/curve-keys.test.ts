import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  openRendezvous,
  prepareRendezvous,
  removeRendezvous,
  seatOf,
} from '../../../src/coordinator/rendezvous.ts';
import {
  coordinatorKeyFile,
  keyedEndpoint,
  makeProcessKeys,
  readKeyFile,
  requireCurve,
  splitEndpoint,
  workerKeyFile,
  writeKeyFiles,
} from '../../../src/protocol/curve-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
after(() => rmSync(folder, { recursive: true }));
const coordinator = writeKeyFiles(folder, makeProcessKeys(2));
const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('key files', () => {
  test('tell each process its own pair and the public keys of all', () => {
    const [first, second] = [0, 1].map((slot) => readKeyFile(workerKeyFile(folder, slot)));
    assert.deepEqual(readKeyFile(coordinatorKeyFile(folder)), coordinator);
    const { coordinatorKey, workerKeys } = coordinator;
    assert.equal(coordinatorKey, coordinator.publicKey);
    assert.deepEqual(workerKeys, [first!.publicKey, second!.publicKey]);
    assert.deepEqual(second, { ...second!, coordinatorKey, workerKeys });
    const secrets = [coordinator, first!, second!].map(({ secretKey }) => secretKey);
    assert.equal(new Set(secrets).size, 3);
  });

  test('are for their owner alone', () => {
    for (const name of readdirSync(folder)) assert.equal(modeOf(join(folder, name)), 0o600);
  });

  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    test(`are refused with mode ${mode.toString(8)}`, () => {
      const path = join(folder, `mode-${mode}`);
      writeFileSync(path, '{}');
      chmodSync(path, mode);
      assert.throws(() => readKeyFile(path), { code: 'INSECURE', exitCode: 8 });
    });
  }

  for (const [what, text] of [
    ['nothing', ''],
    ['no JSON', 'secret-text'],
    ['another format', JSON.stringify({ format: 'other', ...coordinator })],
    [
      'a key too short',
      JSON.stringify({ format: 'lockstep-keys-1', ...coordinator, secretKey: 'k' }),
    ],
    ['too much', 'x'.repeat(300_000)],
  ] as const) {
    test(`are refused with ${what} in them, of which the error quotes nothing`, () => {
      const path = join(folder, 'bad');
      rmSync(path, { force: true });
      writeFileSync(path, text, { mode: 0o600 });
      assert.throws(
        () => readKeyFile(path),
        (thrown: Error) => {
          assert.match(thrown.message, /^Cannot use the key file .*\/bad: it is /);
          return !thrown.message.includes('secret-text');
        },
      );
    });
  }

  test('are made anew for each start, and removed after it', () => {
    const where = { kind: 'tcp', host: '127.0.0.1' } as const;
    const specs = [1, 2].map(() => prepareRendezvous('run', where, 2, 0));
    const opened = specs.map(openRendezvous);
    const seat = { slot: 1, attempt: 0 };
    const seats = opened.map(
      (rendezvous) => seatOf(rendezvous, 'tcp://127.0.0.1:1', seat).environment,
    );
    const [one, other] = seats.map((env) => readKeyFile(env.LOCKSTEP_KEY_FILE!));
    assert.notEqual(one!.secretKey, other!.secretKey);
    assert.equal(modeOf(seats[0]!.LOCKSTEP_PRIVATE_FOLDER!), 0o700);
    // The environment names the file; it never holds a key.
    for (const key of [one!.secretKey, one!.publicKey, opened[0]!.keys!.secretKey]) {
      assert.ok(!JSON.stringify(seats[0]).includes(JSON.stringify(key).slice(1, -1)));
    }
    for (const spec of specs) removeRendezvous(spec);
    assert.ok(!existsSync(seats[0]!.LOCKSTEP_PRIVATE_FOLDER!));
  });

  test('that something else has placed are used and left alone', () => {
    const where = { kind: 'tcp', host: '127.0.0.1', keyFolder: folder } as const;
    const spec = prepareRendezvous('run', where, 2, 0);
    const rendezvous = openRendezvous(spec);
    assert.deepEqual(rendezvous.keys, coordinator);
    assert.equal(rendezvous.environment(1, 0).LOCKSTEP_KEY_FILE, workerKeyFile(folder, 1));
    removeRendezvous(spec);
    assert.ok(existsSync(workerKeyFile(folder, 1)));
  });
});

describe('keyed endpoints', () => {
  test('come apart as they were put together', () => {
    const serverKey = coordinator.workerKeys[1]!;
    const endpoint = 'tcp://10.0.0.1:5';
    const keyed = keyedEndpoint(endpoint, serverKey);
    assert.deepEqual(splitEndpoint(keyed, coordinator), { endpoint, serverKey });
  });

  for (const endpoint of [
    'tcp://10.0.0.1:5',
    '',
    keyedEndpoint('tcp://10.0.0.1:5', coordinator.publicKey),
    keyedEndpoint('tcp://10.0.0.1:5', 'x'.repeat(40)),
  ]) {
    test(`are refused without the key of a worker: ${endpoint.slice(0, 24)}`, () => {
      assert.throws(() => splitEndpoint(endpoint, coordinator), { code: 'INSECURE' });
    });
  }
});

test('tcp is refused by a ZeroMQ that cannot encrypt', () => {
  requireCurve(true);
  assert.throws(() => requireCurve(false), {
    code: 'INSECURE',
    exitCode: 8,
    message: 'Cannot use tcp: this build of ZeroMQ has no CURVE encryption.',
  });
});
