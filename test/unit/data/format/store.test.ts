import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { LockstepError } from '../../../../src/core/errors.ts';
import { sha256 } from '../../../../src/core/hash.ts';
import { contentHashOf } from '../../../../src/data/format/manifest-schema.ts';
import { type OpenStoreOptions, openStore } from '../../../../src/data/format/open-store.ts';
import type { StoreManifest, ValueType } from '../../../../src/data/format/store.ts';
import { verifyStore } from '../../../../src/data/format/verify-store.ts';
import { writeStore } from '../../../../src/data/format/write-store.ts';
import { gathererOf, sampleContent, temporaryFolder } from '../sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

const LENGTHS = [9, 3, 3, 17, 1, 8, 3, 12, 5, 5];

/** `action` must fail with this code and exactly this message. */
async function fails(
  action: Promise<unknown>,
  code: string,
  message: string | RegExp,
): Promise<void> {
  await assert.rejects(action, (error) => {
    assert(error instanceof LockstepError);
    assert.equal(error.code, code);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });
}

describe('a store', () => {
  for (const valueType of ['uint8', 'uint16', 'float32'] as const) {
    it(`gives back ${valueType} values, labels and splits, in length order`, async () => {
      const content = sampleContent(valueType, LENGTHS);
      const path = join(folder.path, `round-trip-${valueType}`);
      await writeStore(path, content);
      const store = await openStore(path);
      assert.deepEqual(
        [...store.index.lengths],
        LENGTHS.toSorted((a, b) => a - b),
      );
      const byId = new Map(content.rows.map((row) => [row.id, row]));
      for (const [sequence, id] of (await store.ids()).entries()) {
        const row = byId.get(id)!;
        const values = await store.read(sequence, 0, row.length);
        assert(
          valueType === 'float32' ? values instanceof Float32Array : values instanceof Int32Array,
        );
        assert.deepEqual([...values], [...row.values]);
        assert.equal(store.index.labels[sequence], row.label);
        assert.equal(['train', 'validation', 'test'][store.index.splits[sequence]!], row.split);
        assert.equal((await store.groups())[sequence], row.group);
      }
      await store.close();
    });
  }

  it('breaks ties of length by the bytes of the ids', async () => {
    const ids = ['b', 'a', 'ä', 'Z', '\u{10000}', '\uFFFF'];
    const content = sampleContent(
      'uint8',
      ids.map(() => 4),
    );
    const path = join(folder.path, 'ties');
    await writeStore(path, {
      ...content,
      rows: content.rows.map((row, i) => ({ ...row, id: ids[i]! })),
    });
    const store = await openStore(path);
    const expected = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(await store.ids(), expected);
    await store.close();
  });

  it('has the same bytes in whatever order its rows come', async () => {
    const content = sampleContent('uint16', LENGTHS);
    const [first, second] = [join(folder.path, 'order-1'), join(folder.path, 'order-2')];
    await writeStore(first, content);
    await writeStore(second, { ...content, rows: content.rows.toReversed() });
    const files = ['sequences-00000.arrow', 'index.arrow', 'index.bin'];
    for (const file of [...files.map((name) => join('version-1', name)), 'manifest.json']) {
      assert(readFileSync(join(first, file)).equals(readFileSync(join(second, file))), file);
    }
  });

  it('changes its hash with a value, a label, a split, a group and a class name', async () => {
    const content = sampleContent('uint8', LENGTHS);
    const [row, ...rest] = content.rows;
    const changed = [
      content,
      {
        ...content,
        rows: [{ ...row!, values: row!.values.map((v) => v ^ 1) as Uint8Array }, ...rest],
      },
      { ...content, rows: [{ ...row!, label: 1 }, ...rest] },
      { ...content, rows: [{ ...row!, split: 'test' as const }, ...rest] },
      { ...content, rows: [{ ...row!, group: 'other' }, ...rest] },
      { ...content, classes: ['even', 'uneven'] },
    ];
    const hashes = new Set<string>();
    for (const [i, variant] of changed.entries()) {
      hashes.add((await writeStore(join(folder.path, `variant-${i}`), variant)).contentHash);
    }
    assert.equal(hashes.size, changed.length);
  });

  it('counts symbols and the mean over training sequences only', async () => {
    const content = sampleContent('uint8', [2, 2, 2, 2]);
    const values = [
      [0, 3],
      [9, 9],
      [9, 9],
      [3, 1],
    ].map((list) => Uint8Array.from(list));
    const rows = content.rows.map((row, i) => ({ ...row, values: values[i]! }));
    const manifest = await writeStore(join(folder.path, 'statistics'), { ...content, rows });
    assert.deepEqual(manifest.symbolCounts, [1, 1, 0, 2, 0, 0, 0, 0, 0, 0]);
    assert.equal(manifest.meanValue, 7 / 4);
    assert.deepEqual(manifest.valueRange, { minimum: 0, maximum: 9 });
    assert.deepEqual(manifest.splits.train, { sequences: 2, tokens: 4, perClass: [1, 1] });
  });

  it('counts which symbol follows which within each training sequence', async () => {
    const content = sampleContent('uint8', [4, 2, 2, 3]);
    const values = [
      [0, 1, 1, 2],
      [2, 2],
      [2, 2],
      [1, 2, 0],
    ].map((list) => Uint8Array.from(list));
    const rows = content.rows.map((row, i) => ({ ...row, values: values[i]! }));
    const { transitionCounts } = await writeStore(join(folder.path, 'transitions'), {
      ...content,
      rows,
    });
    // 0→1, 1→1, 1→2 and 1→2, 2→0; the second and third sequence are for validation and test.
    assert.deepEqual(transitionCounts, [0, 1, 0, 0, 1, 2, 1, 0, 0]);
  });

  it('leaves them out for more than 64 symbols and for real values', async () => {
    const { transitionCounts, ...rest } = await writeStore(
      join(folder.path, 'many-symbols'),
      oneSequence(Uint8Array.of(64, 0, 1)),
    );
    assert.deepEqual(transitionCounts, []);
    assert.equal(rest.symbolCounts.length, 65);
    const most = await writeStore(
      join(folder.path, 'most-symbols'),
      oneSequence(Uint8Array.of(63, 0, 1)),
    );
    assert.equal(most.transitionCounts.length, 64 ** 2);
    const real = await writeStore(
      join(folder.path, 'real-values'),
      oneSequence(Float32Array.of(0, 1)),
    );
    assert.deepEqual(real.transitionCounts, []);
  });

  it('opens a dataset that was written before they were counted', async () => {
    const path = join(folder.path, 'before-transitions');
    await writeStore(path, oneSequence(Uint8Array.of(0, 1)));
    const file = join(path, 'manifest.json');
    const { transitionCounts, manifestHash, ...older } = JSON.parse(
      readFileSync(file, 'utf8'),
    ) as StoreManifest & { manifestHash: string };
    assert.match(manifestHash, /^[0-9a-f]{64}$/);
    assert.deepEqual(transitionCounts, [0, 1, 0, 0]);
    writeFileSync(file, JSON.stringify(older));
    const store = await openStore(path);
    assert.deepEqual(store.manifest.transitionCounts, []);
    await store.close();
  });
});

/** A dataset of one training sequence. */
function oneSequence(values: Uint8Array | Float32Array) {
  const valueType = values instanceof Float32Array ? 'float32' : 'uint8';
  const content = sampleContent(valueType, [values.length]);
  return { ...content, rows: [{ ...content.rows[0]!, values }] };
}

describe('reading a part of a store', () => {
  const path = join(folder.path, 'large');
  const LONG = 690_000;
  const lengths = [LONG, LONG + 1, LONG + 2, LONG + 3, LONG + 4, LONG + 5, LONG + 6];
  let reads: number[] = [];
  const counting = (options: OpenStoreOptions = {}) => {
    reads = [];
    return openStore(path, { ...options, onRead: (sizeBytes) => reads.push(sizeBytes) });
  };
  before(async () => {
    await writeStore(path, sampleContent('uint8', lengths));
  });

  it('opens without reading values, and keeps what it read of a store that fits its cache', async () => {
    const store = await counting();
    assert.deepEqual(reads, [], 'a shard is opened at its first read');
    const window = await store.read(4, 1000, 16);
    const [whole, ...footer] = reads.toSorted((a, b) => b - a);
    assert(whole! > 2 * LONG && whole! < 2 * 2 ** 20 + 10_000, 'one record batch');
    assert(footer.reduce((sum, bytes) => sum + bytes, 0) < 10_000);
    reads = [];
    const values = await store.read(4, 0, LONG + 4);
    assert.deepEqual(window, values.slice(1000, 1016));
    await store.read(3, 0, 1);
    assert.deepEqual(reads, [], 'the same batch is not read again');
    await store.close();
  });

  it('shares one read between windows that are asked for at once', async () => {
    const store = await counting();
    await store.read(6, 0, 1);
    reads = [];
    await Promise.all([0, 1, 2, 0, 1].map((sequence) => store.read(sequence, 5, 5)));
    assert.equal(reads.length, 1);
    await store.close();
  });

  it('reads only the values asked for of a store that does not fit its cache', async () => {
    const [store, cached] = [await counting({ cacheBytes: 6.5 * LONG }), await openStore(path)];
    await store.read(4, 0, 1);
    reads = [];
    const windows = [
      [4, 1000, 16],
      [5, LONG, 5],
      [3, 0, LONG + 3],
    ] as const;
    for (const [sequence, start, count] of windows) {
      const values = await store.read(sequence, start, count);
      assert.deepEqual(values, await cached.read(sequence, start, count));
    }
    assert.deepEqual(reads, [16, 5, LONG + 3]);
    await Promise.all([store.close(), cached.close()]);
  });

  it('hands out copies', async () => {
    const store = await openStore(path);
    const first = await store.read(0, 0, 4);
    const expected = [...first];
    first.fill(77);
    assert.deepEqual([...(await store.read(0, 0, 4))], expected);
    await store.close();
  });

  it('refuses windows outside a sequence', async () => {
    const store = await openStore(path);
    const outside = store.read(0, 1, LONG);
    await assert.rejects(
      outside,
      new RangeError('[1, 690001) is not within sequence 0: [0, 690000)'),
    );
    await assert.rejects(store.read(7, 0, 1), new RangeError('sequence 7 is not in [0, 7)'));
    await store.close();
  });
});

describe('the files of a store', () => {
  const content = sampleContent('uint16', [700, 300, 300, 500, 100, 400, 900_000, 1_000_000]);

  it('are shards of at most the size asked for, with whole record batches', async () => {
    const path = join(folder.path, 'shards');
    const manifest = await writeStore(path, content, { shardBytes: 2 ** 21 });
    assert.deepEqual(manifest.shards, [
      { file: 'sequences-00000.arrow', start: 0, end: 7 },
      { file: 'sequences-00001.arrow', start: 7, end: 8 },
    ]);
    for (const { file } of manifest.shards) assert(manifest.files[file]!.sizeBytes < 2 ** 21);
    const store = await openStore(path);
    const rows = content.rows.toSorted((a, b) => a.length - b.length || (a.id < b.id ? -1 : 1));
    for (const [sequence, row] of rows.entries()) {
      assert.deepEqual([...(await store.read(sequence, 0, row.length))], [...row.values]);
    }
    await store.close();
  });

  it('have 8 bytes a sequence for planning', async () => {
    const path = join(folder.path, 'compact');
    const { files, sequences } = await writeStore(path, content);
    assert.equal(files['index.bin']!.sizeBytes, 8 * sequences);
  });

  it('hold several channels timestep by timestep', async () => {
    const path = join(folder.path, 'channels');
    const rows = [2, 1].map((length, i) => ({
      ...{ id: `${i}`, group: `${i}`, label: -1, split: 'train' as const, length },
      values: Float32Array.from({ length: 3 * length }, (_, at) => 10 * i + at),
    }));
    const manifest = await writeStore(path, {
      ...{ name: 'channels', valueType: 'float32', channels: 3, classes: [], rows },
      ...{ gatherer: () => gathererOf('float32', 3), provenance: {} },
    });
    assert.deepEqual([manifest.channels, manifest.tokens], [3, 3]);
    for (const cacheBytes of [0, 2 ** 20]) {
      const store = await openStore(path, { cacheBytes });
      assert.deepEqual([...store.index.lengths], [1, 2]);
      assert.deepEqual([...(await store.read(1, 1, 1))], [3, 4, 5]);
      await store.close();
    }
  });

  it('may be those of format 1: one shard beside the manifest, and no index.bin', async () => {
    const path = join(folder.path, 'format-1');
    const current = await writeStore(path, content);
    for (const [from, to] of [
      ['sequences-00000.arrow', 'sequences.arrow'],
      ['index.arrow', 'index.arrow'],
    ] as const) {
      renameSync(join(path, 'version-1', from), join(path, to));
    }
    rmSync(join(path, 'version-1'), { recursive: true });
    const { shards, folder: _, channels, target, checksums, ...rest } = current;
    const files = {
      'index.arrow': current.files['index.arrow']!,
      'sequences.arrow': current.files['sequences-00000.arrow']!,
    };
    const older = { ...rest, formatVersion: 1, files, contentHash: contentHashOf(files) };
    writeFileSync(join(path, 'manifest.json'), JSON.stringify(older));
    const store = await openStore(path);
    const again = join(folder.path, 'format-2');
    await writeStore(again, content);
    const expected = await openStore(again);
    assert.deepEqual(store.index, expected.index);
    assert.deepEqual(await store.ids(), await expected.ids());
    assert.deepEqual(await store.read(7, 3, 5), await expected.read(7, 3, 5));
    assert.deepEqual([store.manifest.channels, store.manifest.target], [1, { kind: 'class' }]);
    await Promise.all([store.close(), expected.close()]);

    await writeStore(path, content, { overwrite: true });
    assert.deepEqual(readdirSync(path), ['manifest.json', 'version-1']);
    await verifyStore(path);
  });
});

describe('writing a store', () => {
  const content = sampleContent('uint8', LENGTHS);

  it('refuses an existing target and leaves it alone', async () => {
    const path = join(folder.path, 'existing');
    await writeStore(path, content);
    const expected = `Cannot write a dataset to "${path}": it exists already.`;
    await fails(writeStore(path, content), 'USAGE', expected);
    await verifyStore(path);
  });

  it('replaces a store when asked, and only a store', async () => {
    const path = join(folder.path, 'replaced');
    const before = await writeStore(path, content);
    const replaced = await writeStore(path, sampleContent('uint8', [1, 2]), { overwrite: true });
    assert.notEqual(replaced.contentHash, before.contentHash);
    assert.equal((await verifyStore(path)).sequences, 2);
    const stranger = join(folder.path, 'home');
    mkdirSync(stranger);
    writeFileSync(join(stranger, 'letter.txt'), 'dear');
    await fails(
      writeStore(stranger, content, { overwrite: true }),
      'USAGE',
      `Cannot overwrite "${stranger}": it holds no manifest.json, so it is not a dataset.`,
    );
    assert(existsSync(join(stranger, 'letter.txt')));
  });

  it('leaves nothing behind when a source fails half-way, and keeps what was there', async () => {
    const path = join(folder.path, 'interrupted');
    await writeStore(path, content);
    const before = readdirSync(folder.path).sort();
    const failing = {
      ...content,
      gatherer: () => ({
        ...gathererOf('uint8'),
        gather: () => Promise.reject(new Error('the disk is gone')),
      }),
    };
    await assert.rejects(writeStore(path, failing, { overwrite: true }), /the disk is gone/);
    assert.deepEqual(readdirSync(folder.path).sort(), before);
    await verifyStore(path);
  });

  it('refuses a dataset without sequences', async () => {
    const path = join(folder.path, 'empty');
    await fails(
      writeStore(path, { ...content, rows: [] }),
      'DATA_INVALID',
      `Cannot write a dataset to "${path}": no sequence is left to write.`,
    );
  });
});

describe('a store that is missing or damaged', () => {
  const good = join(folder.path, 'good');
  let made = 0;
  before(async () => {
    await writeStore(good, sampleContent('uint8' satisfies ValueType, LENGTHS));
  });

  /** A copy of the good store that `damage` has been done to. */
  function damaged(damage: (path: string) => void): string {
    const path = join(folder.path, `damaged-${made++}`);
    cpSync(good, path, { recursive: true });
    damage(path);
    return path;
  }

  /** The files are looked into at the first read, whatever their hashes. */
  async function readFirst(path: string): Promise<void> {
    const store = await openStore(path, { verify: false });
    await store.read(0, 0, 1).finally(() => store.close());
  }

  function withManifest(change: (manifest: Record<string, unknown>) => void): string {
    return damaged((path) => changeManifest(path, change));
  }

  /** As a program writes it that knows neither the hash of the manifest nor checksums. */
  function changeManifest(path: string, change: (manifest: Record<string, unknown>) => void): void {
    const { manifestHash, checksums, ...manifest } = { ...manifestOf(path) } as Record<
      string,
      unknown
    >;
    change(manifest);
    writeFileSync(join(path, 'manifest.json'), JSON.stringify(manifest));
  }

  it('reads no file that is not its own, whatever its manifest says', async () => {
    for (const name of ['../index.arrow', '/etc/hostname', '.hidden']) {
      const forged = withManifest((manifest) => {
        const files = manifest.files as StoreManifest['files'];
        manifest.files = { ...files, [name]: files['index.arrow'] };
      });
      await fails(openStore(forged), 'STORE_CORRUPT', /manifest\.json: files\..+: Invalid/);
    }
    for (const elsewhere of ['..', '/etc', 'version-1/../..']) {
      const forged = withManifest((manifest) => {
        manifest.folder = elsewhere;
      });
      await fails(openStore(forged), 'STORE_CORRUPT', /manifest\.json: folder: Invalid/);
    }
  });

  it('is damaged where its manifest is nested deeper than anything could walk through', async () => {
    const deep = damaged((path) => {
      const nested = `{"formatVersion": 2, "provenance": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`;
      writeFileSync(join(path, 'manifest.json'), nested);
    });
    await fails(openStore(deep), 'STORE_CORRUPT', /nested deeper than 1000 levels/);
  });

  it('is not found where there is none', async () => {
    const path = join(folder.path, 'nowhere');
    const message = `Cannot open dataset "${path}": there is no such folder.`;
    await fails(openStore(path), 'DATA_NOT_FOUND', message);
    const other = `Cannot open dataset "${folder.path}": there is no manifest.json in it.`;
    await fails(openStore(folder.path), 'DATA_NOT_FOUND', other);
  });

  it('is refused when the manifest is not JSON, incomplete, or of another format version', async () => {
    const broken = damaged((path) =>
      writeFileSync(join(path, 'manifest.json'), '{"formatVersion": 1'),
    );
    await fails(
      openStore(broken),
      'STORE_CORRUPT',
      /is damaged: manifest\.json is not JSON \(.+\)\.$/,
    );
    const incomplete = withManifest((manifest) => delete manifest.tokens);
    const what = 'manifest.json: tokens: Invalid input: expected number, received undefined';
    await fails(
      openStore(incomplete),
      'STORE_CORRUPT',
      `Dataset "${incomplete}" is damaged: ${what}.`,
    );
    const newer = withManifest((manifest) => {
      manifest.formatVersion = 3;
    });
    await fails(
      openStore(newer),
      'STORE_CORRUPT',
      `Cannot open dataset "${newer}": its format version is 3, this program reads 1 and 2.`,
    );
  });

  it('is refused when a file is missing or cut short', async () => {
    const missing = damaged((path) => rmSync(join(path, 'version-1', 'index.bin')));
    await fails(
      openStore(missing),
      'STORE_CORRUPT',
      `Dataset "${missing}" is damaged: index.bin is missing.`,
    );
    const cut = damaged((path) =>
      truncateSync(join(path, 'version-1', 'sequences-00000.arrow'), 100),
    );
    const { sizeBytes } = manifestOf(cut).files['sequences-00000.arrow']!;
    await fails(
      openStore(cut),
      'STORE_CORRUPT',
      `Dataset "${cut}" is damaged: sequences-00000.arrow has 100 bytes, its manifest says ${sizeBytes}.`,
    );
  });

  it('is refused when a file of the right size is no Arrow file', async () => {
    const path = damaged((store) => {
      const file = join(store, 'version-1', 'sequences-00000.arrow');
      writeFileSync(file, Buffer.alloc(readFileSync(file).length));
      changeManifest(store, () => {});
    });
    await fails(
      readFirst(path),
      'STORE_CORRUPT',
      `Dataset "${path}" is damaged: sequences-00000.arrow, sequence 0: it does not end in "ARROW1".`,
    );
  });

  it('is refused when its footer puts record batches where none can be', async () => {
    const path = join(folder.path, 'damaged-footer');
    await writeStore(path, sampleContent('uint8', LENGTHS));
    changeManifest(path, () => {});
    const file = join(path, 'version-1', 'sequences-00000.arrow');
    const whole = readFileSync(file);
    // The only block begins at byte 8, after the magic. Its length in the footer comes before it.
    const block = whole.lastIndexOf(Buffer.from([8, 0, 0, 0, 0, 0, 0, 0]));
    for (const word of [block - 4, block, block + 8, block + 16]) {
      for (const value of [0x7fffffff, -1]) {
        const damaged = Buffer.from(whole);
        damaged.writeInt32LE(value, word);
        writeFileSync(file, damaged);
        await fails(readFirst(path), 'STORE_CORRUPT', /is damaged: sequences-00000\.arrow/);
      }
    }
  });

  it('is refused when the row counts or the value type do not agree', async () => {
    const rows = withManifest((manifest) => {
      manifest.sequences = 11;
    });
    await fails(
      openStore(rows),
      'STORE_CORRUPT',
      `Dataset "${rows}" is damaged: its shards do not hold the rows 0 to 11, one after the other.`,
    );
    const type = withManifest((manifest) => {
      manifest.valueType = 'uint16';
    });
    await fails(
      readFirst(type),
      'STORE_CORRUPT',
      /sequences-00000\.arrow, sequence 0: it has the columns .*Uint8.*, expected .*Uint16.*\.$/,
    );
  });

  it('is told apart by its hashes when single bytes differ', async () => {
    const path = damaged((store) => {
      const file = join(store, 'version-1', 'sequences-00000.arrow');
      const bytes = readFileSync(file);
      bytes[200]! ^= 1;
      writeFileSync(file, bytes);
    });
    const { sha256 } = manifestOf(path).files['sequences-00000.arrow']!;
    const message = new RegExp(
      `sequences-00000\\.arrow has SHA-256 [0-9a-f]{64}, its manifest says ${sha256}\\.$`,
    );
    await fails(verifyStore(path), 'STORE_CORRUPT', message);
    await fails(openStore(path), 'STORE_CORRUPT', message);
    await verifyStore(good);
  });

  it('is told apart by a statistic that differs, which no file holds', async () => {
    const path = damaged((store) => {
      const file = join(store, 'manifest.json');
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, text.replace(/"meanValue": \d/, '"meanValue": 9'));
    });
    const message = `Dataset "${path}" is damaged: manifest.json has changed since it was written.`;
    await fails(openStore(path), 'STORE_CORRUPT', message);
  });

  it('is noticed by the read that meets it when a bit flips later', async () => {
    const sequence = 3;
    const lengths = [40_000, 40_000, 40_000, 40_000, 40_000];
    const path = join(folder.path, 'flips-later');
    await writeStore(path, sampleContent('uint8', lengths));
    const file = join(path, 'version-1', 'sequences-00000.arrow');
    for (const cacheBytes of [0, undefined]) {
      const store = await openStore(path, cacheBytes === undefined ? {} : { cacheBytes });
      const whole = readFileSync(file);
      const values = Buffer.from((await store.read(sequence, 0, 40_000)).buffer);
      const bytes = Uint8Array.from(new Int32Array(values.buffer, 0, 40_000));
      const place = whole.indexOf(bytes) + 20_000;
      const flipped = Buffer.from(whole);
      flipped[place]! ^= 4;
      writeFileSync(file, flipped);
      const start = Math.floor(place / 16_384) * 16_384;
      const expected = `sequences-00000.arrow, sequence 3: the bytes ${start} to ${start + 16_384} have changed since they were written.`;
      const later = await openStore(path, {
        ...(cacheBytes === 0 && { cacheBytes }),
        verify: false,
      });
      await fails(
        later.read(sequence, 0, 40_000),
        'STORE_CORRUPT',
        `Dataset "${path}" is damaged: ${expected}`,
      );
      // What lies in other blocks is good.
      if (cacheBytes === 0) await later.read(sequence - 3, 0, 4);
      writeFileSync(file, whole);
      await Promise.all([store.close(), later.close()]);
    }
  });

  it('is told apart by its tables when their hashes are right', async () => {
    const path = damaged((store) => {
      const file = join(store, 'version-1', 'index.bin');
      const bytes = readFileSync(file);
      bytes.writeUInt32LE(bytes.readUInt32LE(bytes.length / 2) ^ 1, bytes.length / 2);
      writeFileSync(file, bytes);
      changeManifest(store, (manifest) => {
        const files = { ...manifestOf(store).files };
        files['index.bin'] = { sizeBytes: bytes.length, sha256: sha256(bytes) };
        Object.assign(manifest, { files, contentHash: contentHashOf(files) });
      });
    });
    await fails(
      verifyStore(path),
      'STORE_CORRUPT',
      `Dataset "${path}" is damaged: index.bin and index.arrow differ in the splits of row 0.`,
    );
  });

  it('is not accepted with bytes appended', async () => {
    const path = damaged((store) => appendFileSync(join(store, 'version-1', 'index.bin'), 'x'));
    await fails(
      openStore(path),
      'STORE_CORRUPT',
      /index\.bin has \d+ bytes, its manifest says \d+\.$/,
    );
  });

  function manifestOf(path: string): StoreManifest {
    return JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as StoreManifest;
  }
});
