import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { sha256, sha256OfFile, sha256OfVectors } from '../../../src/core/hash.ts';

const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

it('gives the published SHA-256 of "abc" for text, bytes, vectors and a file', async () => {
  const bytes = new TextEncoder().encode('abc');
  assert.equal(sha256('abc'), ABC);
  assert.equal(sha256(bytes), ABC);
  assert.equal(sha256OfVectors([bytes.subarray(0, 1), bytes.subarray(1)]), ABC);
  const folder = mkdtempSync(join(tmpdir(), 'hash-'));
  writeFileSync(join(folder, 'abc'), bytes);
  assert.deepEqual(await sha256OfFile(join(folder, 'abc')), { sizeBytes: 3, sha256: ABC });
  rmSync(folder, { recursive: true });
});

it('writes equal values as equal JSON, whatever the order of their keys', () => {
  assert.equal(canonicalJson({ b: [{ d: 1, c: null }], a: undefined }), '{"b":[{"c":null,"d":1}]}');
  assert.equal(canonicalJson({ x: 1, y: 2 }), canonicalJson({ y: 2, x: 1 }));
});
