import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fuzzImporters } from '../../fuzz/importers.ts';

describe('damaged files', () => {
  it('are read or refused by name, and nothing else', async () => {
    const { read, refused } = await fuzzImporters({ count: 400, seed: 1 });
    assert.ok(read > 40 && refused > 100, `${read} read, ${refused} refused`);
  });
});
