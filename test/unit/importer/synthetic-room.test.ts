import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { requireRoom, syntheticSize } from '../../../src/importer/synthetic/room.ts';
import { syntheticSource } from '../../../src/importer/synthetic/synthesize.ts';
import { ensureStore } from '../../../src/workflow/train/ensure-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'room-'));
after(() => rmSync(folder, { recursive: true }));
const store = join(folder, 'store');

describe('the room for a synthetic dataset', () => {
  it('is worked out from the mean of log-uniform lengths', () => {
    const options = { count: 2000, symbols: 8, length: { minimum: 10, maximum: 300 } };
    const record = syntheticSource(options);
    let timesteps = 0;
    for (let i = 0; i < options.count; i++) timesteps += record(i).values.length;
    const size = syntheticSize(options);
    assert.ok(Math.abs(size.timesteps / timesteps - 1) < 0.05, `${size.timesteps}, ${timesteps}`);
    assert.equal(syntheticSize({ count: 10, length: { minimum: 7, maximum: 7 } }).timesteps, 70);
  });

  it('counts the transitions of each class', () => {
    const { memoryBytes } = syntheticSize({ count: 1, classes: 2, symbols: 65_536 });
    assert.ok(memoryBytes > 2 * 65_536 ** 2 * 8);
  });

  it('refuses more than the disk holds, and says how much that would be', () => {
    assert.throws(() => requireRoom({ count: 2 ** 53 - 1 }, store), {
      code: 'OUT_OF_RESOURCES',
      message:
        /^Cannot make 9007199254740991 synthetic sequences in ".*store", about [\d,]+ timesteps: they take \d+\.\d PiB on the disk while they are made, and .* are free\.$/,
    });
  });

  it('refuses more than the memory holds: long sequences, many symbols, many classes', () => {
    for (const options of [
      { count: 1, classes: 1000, symbols: 65_536 },
      { count: 1, classes: 2 ** 40, symbols: 2 },
    ]) {
      assert.throws(() => requireRoom(options, store), {
        code: 'OUT_OF_RESOURCES',
        message: /they take .* of memory, and there are /,
      });
    }
  });

  it('lets through what fits', () => requireRoom({ count: 1000 }, store));

  it('is required before a configuration’s dataset is begun', async () => {
    const synthetic = { count: 2 ** 50, classes: 2, symbols: 4, orderOnly: false, lag: 1, seed: 0 };
    const data = { store, synthetic: { ...synthetic, length: { minimum: 5, maximum: 9 } } };
    const hooks = { onEvent: () => {}, signal: undefined, kill: undefined };
    await assert.rejects(
      ensureStore({ data } as unknown as Parameters<typeof ensureStore>[0], hooks as never),
      { code: 'OUT_OF_RESOURCES' },
    );
    assert.ok(!existsSync(store));
    assert.deepEqual(readdirSync(folder), []);
  });
});
