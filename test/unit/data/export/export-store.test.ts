import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { exportStore, importOptions } from '../../../../src/data/export/export-store.ts';
import { openStore } from '../../../../src/data/format/open-store.ts';
import { writeStore } from '../../../../src/data/format/write-store.ts';
import { type BuildStoreOptions, buildStore } from '../../../../src/workflow/data/build-store.ts';
import { sampleContent, temporaryFolder } from '../sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

/** How an import reads the columns of an exported file. */
const COLUMNS = { id: 'id', group: 'group', split: 'split' } as const;
const nothing = { train: 1, validation: 0, test: 0 };

const SOURCES: Readonly<Record<string, Omit<BuildStoreOptions, 'store'>>> = {
  'classes, some without': {
    source: [
      { id: 'a', label: 'x', group: 'g', split: 'test', values: [1, 2, 255] },
      { id: 'b', label: 'y', values: [3, 0] },
      { id: 'ü "c"', values: [9] },
    ],
  },
  'real values with gaps, in channels': {
    source: [
      { id: 'a', channels: 2, values: [0.1, Number.NaN, -0.3, 1e-30] },
      { id: 'b', channels: 2, values: [0.5, 0.25] },
    ],
    valueType: 'float32',
    missing: 'mask',
  },
  'several classes': {
    source: [
      { id: 'a', labels: ['x', 'y'], values: [1] },
      { id: 'b', labels: [], values: [2] },
      { id: 'c', labels: ['z'], values: [3] },
    ],
  },
  'a number': {
    source: [
      { id: 'a', targets: [0.5], values: [1] },
      { id: 'b', targets: [2.25], values: [2] },
    ],
  },
  'a class for each timestep': {
    source: [
      { id: 'a', timestepLabels: ['x', '', 'y'], values: [1, 2, 3] },
      { id: 'b', timestepLabels: ['y'], values: [2] },
    ],
  },
};

describe('an exported dataset', () => {
  for (const [what, made] of Object.entries(SOURCES)) {
    for (const ending of ['jsonl', 'parquet']) {
      it(`is the same after an import of its .${ending} file: ${what}`, async () => {
        const name = `${what.replace(/\W+/g, '-')}-${ending}`;
        const [path, again] = ['', '-again'].map((end) => join(folder.path, name + end)) as [
          string,
          string,
        ];
        await buildStore({ ...made, shares: nothing, store: path });
        const store = await openStore(path);
        const file = join(folder.path, `${name}.${ending}`);
        await exportStore(store, file);
        const { target, valueType } = store.manifest;
        const words = importOptions(store, file);
        await store.close();
        const report = await buildStore({
          ...{ ...COLUMNS, source: file, store: again, valueType, values: 'values' },
          ...(words.includes('--missing') && { missing: 'mask' }),
          ...(words.includes('--channels') && { channels: 'last' }),
          ...(target.kind === 'class' && { label: 'label' }),
          ...(target.kind === 'classes' && { labels: 'labels' }),
          ...(target.kind === 'timestep-class' && { timestepLabels: 'timestep_labels' }),
          ...(target.kind === 'numbers' && {
            target: target.numbers.map((one) => one.name).join(),
          }),
        });
        assert.equal(report.contentHash, store.manifest.contentHash);
      });
    }
  }

  it('has a list of several numbers in Parquet, and a field for each in JSON', async () => {
    const path = join(folder.path, 'numbers');
    const source = [
      { id: 'a', targets: [0.5, -1], values: [1] },
      { id: 'b', targets: [2.25, 3], values: [2] },
    ];
    await buildStore({ source, store: path, shares: nothing });
    const store = await openStore(path);
    for (const [ending, target] of [
      ['jsonl', 'number 1,number 2'],
      ['parquet', 'targets'],
    ] as const) {
      const file = join(folder.path, `numbers.${ending}`);
      await exportStore(store, file);
      assert.equal(importOptions(store, file).at(-1), target);
      const options = { source: file, store: `${path}-${ending}`, values: 'values', target };
      await buildStore({ ...options, ...COLUMNS });
      const again = await openStore(options.store);
      assert.deepEqual(again.index.targets, store.index.targets);
      await again.close();
    }
    await store.close();
  });

  it('is refused where a file is, and under another ending', async () => {
    const path = join(folder.path, 'plain');
    await writeStore(path, sampleContent('uint8', [3, 4]));
    const store = await openStore(path);
    const file = join(folder.path, 'there.jsonl');
    writeFileSync(file, 'mine');
    await assert.rejects(exportStore(store, file), {
      code: 'USAGE',
      message: `Cannot write "${file}": it exists already.`,
    });
    assert.equal(readFileSync(file, 'utf8'), 'mine');
    await assert.rejects(exportStore(store, join(folder.path, 'x.feather')), {
      code: 'USAGE',
      advice: 'End the name in .parquet or .jsonl.',
    });
    await store.close();
  });

  it('goes to one of two at once, and neither replaces the other unasked', async () => {
    const path = join(folder.path, 'twice');
    await writeStore(path, sampleContent('uint8', [3, 4]));
    const store = await openStore(path);
    const before = readdirSync(folder.path);
    const file = join(folder.path, 'twice.jsonl');
    const both = await Promise.allSettled([exportStore(store, file), exportStore(store, file)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(readFileSync(file, 'utf8').trimEnd().split('\n').length, 2);
    assert.deepEqual(readdirSync(folder.path).sort(), [...before, 'twice.jsonl'].sort());
    await store.close();
  });

  it('leaves nothing behind when it is stopped', async () => {
    const path = join(folder.path, 'stopped');
    await writeStore(path, sampleContent('uint8', [3, 4]));
    const store = await openStore(path);
    const before = readdirSync(folder.path);
    for (const ending of ['jsonl', 'parquet']) {
      const file = join(folder.path, `stopped.${ending}`);
      const onProgress = () => {
        throw new Error('stop');
      };
      await assert.rejects(exportStore(store, file, { onProgress }), /stop/);
      assert.ok(!existsSync(file));
    }
    assert.deepEqual(readdirSync(folder.path), before);
    await store.close();
  });
});
