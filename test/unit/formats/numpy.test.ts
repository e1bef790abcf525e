import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { RawRecord } from '../../../src/data/record.ts';
import { importSource } from '../../../src/importer/import-source.ts';
import { DEFAULT_RULES } from '../../../src/importer/source-rules.ts';
import { CLONE } from '../../helper/clone.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
after(release);
const FIXTURES = join(CLONE, 'test', 'fixture', 'import', 'numpy');

/** A .npy file: header and items. */
function npy(descr: string, shape: readonly number[], items: Uint8Array, order = 'False'): Buffer {
  const text = `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': (${shape.join(', ')},), }\n`;
  const start = Buffer.from(`\x93NUMPY\x01\x00\0\0${text}`, 'latin1');
  start.writeUInt16LE(text.length, 8);
  return Buffer.concat([start, items]);
}
const bytes = (...numbers: number[]) => Uint8Array.from(numbers);
const file = (name: string, content: Uint8Array): string => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const read = async (source: string, options: Readonly<Record<string, unknown>> = {}) =>
  (await collectItems(importSource({ ...DEFAULT_RULES, source, options }).items)) as RawRecord[];
const refuses = async (source: string, message: string, options = {}, code = 'DATA_INVALID') =>
  await assert.rejects(read(source, options), { code, message });

describe('a .npy file', () => {
  it('may be compressed', async () => {
    const plain = npy("'|u1'", [2, 3], bytes(1, 2, 3, 4, 5, 6));
    const [first, second] = await read(file('a.npy.gz', gzipSync(plain)));
    assert.deepEqual(
      [...Array.from(first!.values), ...Array.from(second!.values)],
      [1, 2, 3, 4, 5, 6],
    );
  });

  it('without sequences gives none', async () => {
    assert.deepEqual(await read(file('none.npy', npy("'|u1'", [0, 3], bytes()))), []);
  });

  it('is refused where it holds no numbers', async () => {
    const cases = [
      ["'|O'", 'its items are Python objects (a pickle), which are never read.'],
      ["'<c8'", 'its type "<c8" holds neither numbers nor text.'],
      ["'<M8[ns]'", 'its type "<M8[ns]" holds neither numbers nor text.'],
      ["[('a', '<f4')]", 'its items have several fields.'],
      ["'<U1'", 'its type "<U1" is text.'],
    ] as const;
    for (const [descr, what] of cases) {
      const source = file('x.npy', npy(descr, [1, 1], Buffer.alloc(8)));
      await refuses(source, `Cannot read "${source}": ${what}`);
    }
  });

  it('is refused where its size and its shape differ', async () => {
    const cut = file('cut.npy', npy("'<f4'", [2, 3], Buffer.alloc(23)));
    await refuses(cut, `Cannot read "${cut}": it is cut off: its shape (2, 3) needs more bytes.`);
    const long = file('long.npy', npy("'<f4'", [2, 3], Buffer.alloc(25)));
    await refuses(long, `Cannot read "${long}": more bytes follow than its shape (2, 3) needs.`);
    const turned = file('turned.npy', npy("'<f4'", [2, 3], Buffer.alloc(25), 'True'));
    await refuses(turned, `Cannot read "${turned}": its size does not fit its shape.`);
    const empty = file('empty.npy', npy("'<f4'", [2 ** 50, 0], Buffer.alloc(0)));
    await refuses(empty, `Cannot read "${empty}": its rows are empty.`);
  });

  it('is refused where it is none', async () => {
    const cases = [
      ['values,label\n1 2,a\n', 'it is no NumPy array.'],
      ['\x93NUMPY\x09\0', 'its format has the unknown version 9.'],
      ['\x93NUMPY\x01\0\x40\0{', 'its header is cut off.'],
      ['\x93NUMPY\x02\0\0\0\0\x40{', 'its header claims 1073741824 bytes.'],
      ['\x93NUMPY\x01\0\x02\0{}', 'its header is damaged.'],
    ] as const;
    for (const [content, what] of cases) {
      const source = file('no.npy', Buffer.from(content, 'latin1'));
      await refuses(source, `Cannot read "${source}": ${what}`);
    }
  });

  it('has sequences in its rows', async () => {
    const source = file('row.npy', npy("'|u1'", [3], bytes(1, 2, 3)));
    const what = `Cannot read "${source}": its shape (3,) is not that of sequences.`;
    await assert.rejects(read(source), { message: what, advice: /numpy\.savez .* --offsets\.$/ });
  });

  it('says its channels where an axis has one, and is asked where two axes have several', async () => {
    const lone = file('lone.npy', npy("'|u1'", [1, 1, 3], bytes(1, 2, 3)));
    assert.deepEqual(Array.from((await read(lone))[0]!.values), [1, 2, 3]);
    const two = file('two.npy', npy("'|u1'", [1, 2, 3], bytes(1, 2, 3, 4, 5, 6)));
    const message = `Cannot import "${two}": its shape (1, 2, 3) may mean 2 channels or 3.`;
    await refuses(two, message, {}, 'USAGE');
    const [first] = await read(two, { channels: 'first' });
    assert.deepEqual([first!.channels, ...Array.from(first!.values)], [2, 1, 4, 2, 5, 3, 6]);
  });

  it('has labels in another file', async () => {
    const source = file('v.npy', npy("'|u1'", [2, 1], bytes(1, 2)));
    file('three.npy', npy("'|u1'", [3], bytes(1, 2, 3)));
    await refuses(
      source,
      `Cannot import "${source}": a .npy file holds one array, so it has no "kind" for the label.`,
      { label: 'kind' },
      'USAGE',
    );
    const three = join(folder, 'three.npy');
    const what = 'its shape (3,) has 3 rows for the label, but 2 are needed.';
    await refuses(source, `Cannot read "${three}": ${what}`, { label: 'three.npy' });
    const absent = `Cannot import from "${join(folder, 'absent.npy')}": there is no such file.`;
    await refuses(source, absent, { label: 'absent.npy' }, 'DATA_NOT_FOUND');
  });
});

describe('a .npz file', () => {
  const ragged = join(FIXTURES, 'ragged.npz');

  it('has arrays by name', async () => {
    const message = `Cannot import "${ragged}": it has no array "kinds" for the label (arrays: values, wide, starts, kind, y, key, each, hot, many).`;
    await assert.rejects(read(ragged, { offsets: 'starts', label: 'kinds' }), {
      code: 'DATA_INVALID',
      message,
      advice: 'Name one of its arrays with --label. Did you mean "kind"?',
    });
  });

  it('has offsets that fit its values', async () => {
    const large = `Cannot read "${ragged}:key": 9223372036854775809 is an integer that no double holds: it would become 9223372036854775808.`;
    await refuses(ragged, large, { offsets: 'key' });
    const short = `Cannot read "${ragged}:y": the offsets go from 0 to 9, but there are 4 timesteps.`;
    await refuses(ragged, short, { values: 'y', offsets: 'starts' });
  });

  it('is refused where it is damaged', async () => {
    const whole = readFileSync(ragged);
    const at = whole.indexOf('NUMPY') + 130;
    const changed = file('changed.npz', Buffer.from(whole).fill(whole[at]! ^ 1, at, at + 1));
    const sum = `Cannot read "${changed}": the zip archive is damaged or cut off (wrong checksum of values.npy).`;
    await refuses(changed, sum, { offsets: 'starts' });
    const cut = file('cut.npz', whole.subarray(0, -5));
    await assert.rejects(read(cut), {
      code: 'DATA_INVALID',
      message: /the zip archive is damaged or cut off/,
    });
    const none = file('none.npz', Buffer.from('no archive'));
    await assert.rejects(read(none), {
      code: 'DATA_INVALID',
      message: /the zip archive is damaged or cut off/,
    });
  });
});
