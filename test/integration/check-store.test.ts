import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../src/data/format/open-store.ts';
import { bytesOf } from '../../src/data/format/values.ts';
import { writeStore } from '../../src/data/format/write-store.ts';
import { sampleContent, temporaryFolder } from '../unit/data/sample-store.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/check-store.py', import.meta.url));
const folder = temporaryFolder();
after(folder.release);

/** `LOCKSTEP_PYTHON`, or a Python on the path, that has pyarrow. */
function findPython(): string | undefined {
  const candidates = [process.env.LOCKSTEP_PYTHON, 'python3', 'python'];
  return candidates.find(
    (python) => python && spawnSync(python, ['-c', 'import pyarrow']).status === 0,
  );
}

const python = findPython();
const skip =
  python === undefined &&
  'no Python with pyarrow was found (set LOCKSTEP_PYTHON to one; pandas and polars are checked if it has them)';

describe('a store in other programs', { skip }, () => {
  for (const valueType of ['uint8', 'uint16', 'float32'] as const) {
    it(`is read by pyarrow with the same ${valueType} values in the same order`, async () => {
      const path = join(folder.path, valueType);
      const content = sampleContent(valueType, [300, 7, 60_000, 7, 1_200_000, 1_100_000]);
      await writeStore(path, content, { shardBytes: 2 ** 21 });
      const output = execFileSync(python!, [SCRIPT, path], { encoding: 'utf8' });
      const { rows, valuesSha256 } = JSON.parse(output) as { rows: number; valuesSha256: string };
      assert.equal(rows, 6);

      const store = await openStore(path);
      const hash = createHash('sha256');
      for (const [sequence, length] of store.index.lengths.entries()) {
        const values = await store.read(sequence, 0, length);
        const stored = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array }[valueType];
        hash.update(bytesOf(stored.from(values)));
      }
      assert.equal(valuesSha256, hash.digest('hex'));
      await store.close();
    });
  }
});
