import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  decodeSafetensors,
  encodeSafetensors,
  floatsOf,
  floatTensor,
  readSafetensors,
  type Tensor,
} from '../../../src/checkpoint/safetensors.ts';
import { LockstepError } from '../../../src/core/errors.ts';

const REFERENCE = fileURLToPath(
  new URL('../../fixture/safetensors/reference.safetensors', import.meta.url),
);

/** A file with the given header text (padded as asked) and data. */
function fileOf(header: string, dataBytes = 0, claimedLength = Buffer.byteLength(header)): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(claimedLength));
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)]);
}

const entry = (begin: number, end: number, shape = `[${(end - begin) / 4}]`, dtype = 'F32') =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

describe('a file made by the Python package', () => {
  const file = readFileSync(REFERENCE);
  const { tensors, metadata } = decodeSafetensors(file, 'reference');

  it('is read with every name, dtype, shape and value', () => {
    assert.deepEqual(metadata, { format: 'pt' });
    const specs = [...tensors.values()].map(({ name, dtype, shape }) => [name, dtype, shape]);
    assert.deepEqual(specs, [
      ['counts', 'U64', [2]],
      ['model.0.m.1.num_batches_tracked', 'I64', []],
      ['doubles', 'F64', [2, 2]],
      ['empty', 'F32', [0, 3]],
      ['encoder.bias', 'F32', [4]],
      ['encoder.weight', 'F32', [4, 1, 3]],
      ['ids', 'I32', [5]],
      ['halves', 'F16', [3]],
      ['größe', 'U16', [2]],
      ['0', 'I16', [2]],
      ['bytes', 'U8', [7]],
      ['flags', 'BOOL', [3]],
    ]);
    assert.deepEqual([...floatsOf(tensors.get('encoder.weight')!)], [...Array(12).keys()]);
    assert.deepEqual([...tensors.get('bytes')!.bytes], [...Array(7).keys()]);
    const ids = new Uint8Array(tensors.get('ids')!.bytes);
    assert.deepEqual([...new Int32Array(ids.buffer)], [0, 1, 2, 3, 4]);
  });

  it('is written again byte for byte, whatever the order of the tensors', () => {
    const shuffled = [...tensors.values()].reverse();
    assert.deepEqual(Buffer.concat(encodeSafetensors(shuffled, metadata)), file);
  });

  it('is read from disk as it is from memory', async () => {
    const fromDisk = await readSafetensors(REFERENCE);
    assert.deepEqual([...fromDisk.tensors.keys()], [...tensors.keys()]);
    for (const [name, { bytes }] of fromDisk.tensors) {
      assert.deepEqual(Buffer.from(bytes), Buffer.from(tensors.get(name)!.bytes));
    }
  });
});

describe('what is refused', () => {
  const refusals: [string, Buffer, RegExp][] = [
    ['an empty file', Buffer.alloc(0), /it has 0 bytes, fewer than the 8/],
    ['a header beyond the bound', fileOf('{}', 0, 100_000_001), /claims 100000001 bytes, at most/],
    ['a header beyond the file', fileOf('{}', 0, 3), /claims 3 bytes, the file has 10/],
    ['a header that is no object', fileOf('[]'), /does not begin with "{"/],
    ['a header that is no JSON', fileOf('{"a":}'), /is not valid JSON/],
    ['text without an end', fileOf('{"a'), /text without an end/],
    ['bytes that are no UTF-8', Buffer.from(fileOf('{"\u0001"}')).fill(0xff, 10, 11), /UTF-8/],
    ['deep nesting', fileOf(`{"a":${'['.repeat(50_000)}`), /nested deeper than 3 levels/],
    ['a key twice', fileOf(`{"a":${entry(0, 4)},"a":${entry(0, 4)}}`, 4), /the key "a" twice/],
    [
      'a key twice in two spellings',
      fileOf(`{"a":${entry(0, 4)},"\\u0061"        :${entry(4, 8)}}`, 8),
      /the key "a" twice/,
    ],
    ['an inner key twice', fileOf('{"a":{"dtype":"F32","dtype":"F32"}}'), /key "dtype" twice/],
    [
      'an unknown dtype',
      fileOf(`{"a":${entry(0, 4, '[1]', 'Q7')}}`, 4),
      /wrong entry at "a".dtype/,
    ],
    ['an unknown inner key', fileOf('{"a":{"x":1}}'), /wrong entry at "a"/],
    ['metadata that is not text', fileOf('{"__metadata__":{"a":1}}'), /"__metadata__".a/],
    ['a negative size', fileOf(`{"a":${entry(0, 4, '[-1]')}}`, 4), /"a".shape.0/],
    ['a fractional size', fileOf(`{"a":${entry(0, 4, '[1.5]')}}`, 4), /"a".shape.0/],
    [
      'a product beyond counting',
      fileOf(`{"a":${entry(0, 4, '[9007199254740991,9007199254740991]')}}`, 4),
      /impossible shape/,
    ],
    ['a size that differs from the offsets', fileOf(`{"a":${entry(0, 8, '[1]')}}`, 8), /needs 4/],
    ['offsets backwards', fileOf(`{"a":${entry(8, 4, '[1]')}}`, 8), /offsets give -4/],
    ['a hole', fileOf(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12), /"b" begins at byte 8/],
    ['an overlap', fileOf(`{"a":${entry(0, 8)},"b":${entry(4, 8)}}`, 8), /"b" begins at byte 4/],
    ['data missing', fileOf(`{"a":${entry(0, 8)}}`, 4), /take 8 bytes, the file holds 4/],
    ['data left over', fileOf(`{"a":${entry(0, 4)}}`, 5), /take 4 bytes, the file holds 5/],
  ];
  for (const [what, file, reason] of refusals) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => decodeSafetensors(file, 'x'),
        (error: unknown) => {
          assert.ok(error instanceof LockstepError);
          assert.equal(error.code, 'CHECKPOINT_CORRUPT');
          assert.match(error.message, /^"x" is not a valid safetensors file: /);
          assert.match(error.message, reason);
          return true;
        },
      );
    });
  }

  it('accepts what other writers do: spaces, any order, no tensors', () => {
    const text = `{ "b" : ${entry(4, 8)} , "a":${entry(0, 4)}}   `;
    assert.deepEqual([...decodeSafetensors(fileOf(text, 8), 'x').tensors.keys()], ['a', 'b']);
    assert.equal(decodeSafetensors(fileOf('{}'), 'x').tensors.size, 0);
  });

  it('keeps a tensor whose name means something to JavaScript', () => {
    const names = ['__proto__', 'constructor', '10', '9', 'a"b\\c\n'];
    const tensors = names.map((name, i) => floatTensor(name, [], new Float32Array([i])));
    const decoded = decodeSafetensors(Buffer.concat(encodeSafetensors(tensors)), 'x').tensors;
    assert.deepEqual(new Set(decoded.keys()), new Set(names));
    names.forEach((name, i) => {
      assert.deepEqual(floatsOf(decoded.get(name)!), new Float32Array([i]));
    });
  });

  it('refuses to write a name twice, a reserved name, and bytes that do not fit', () => {
    const one = (name: string, shape: number[] = []): Tensor =>
      floatTensor(name, shape, new Float32Array(1));
    assert.throws(() => encodeSafetensors([one('a'), one('a')]), /"a" is used twice/);
    assert.throws(() => encodeSafetensors([one('__metadata__')]), /reserved/);
    assert.throws(() => encodeSafetensors([one('a', [2])]), /needs 8 bytes, it has 4/);
  });

  it('says that a file is absent or a folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
    const absent = join(folder, 'no.safetensors');
    await assert.rejects(readSafetensors(absent), { code: 'CHECKPOINT_NOT_FOUND' });
    writeFileSync(join(folder, 'short'), 'abc');
    await assert.rejects(readSafetensors(join(folder, 'short')), { code: 'CHECKPOINT_CORRUPT' });
    rmSync(folder, { recursive: true });
  });
});
