import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import yargs from 'yargs';
import { sourceOptions } from '../../../src/cli/import-options.ts';
import { storeBuildOptions, storeOptions } from '../../../src/cli/store-options.ts';
import { importSource } from '../../../src/data/importer/import-source.ts';
import type { RawRecord } from '../../../src/data/importer/record.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
const files = join(folder, 'files');
mkdirSync(join(files, 'a', 'b'), { recursive: true });
writeFileSync(join(files, 'a', 'b', 'one.py'), 'abc');
writeFileSync(join(folder, 'table.csv'), 'id;label;values\nrow;x;1 2 3\n');
writeFileSync(join(folder, 'rows.jsonl'), '{"values":[4,5]}\n');
writeFileSync(join(folder, 'notes.doc'), 'abc');
after(release);

const command = '$0 <source> <store>';
/** The options as the command line gives them. */
async function parse(source: string, ...args: string[]) {
  const parser = yargs([join(folder, source), 'runs/store', ...args]).command(command, '', (y) =>
    storeOptions(sourceOptions(y)),
  );
  return (await parser.parse()) as unknown as Parameters<typeof importSource>[0] &
    Parameters<typeof storeBuildOptions>[0];
}
const itemsOf = async (source: string, ...args: string[]) =>
  (await collectItems(importSource(await parse(source, ...args)).items)) as RawRecord[];

describe('importSource() takes', () => {
  it('a folder: classes and groups by the names of folders', async () => {
    const byDefault = await itemsOf('files');
    assert.equal(byDefault[0]!.label, 'a');
    const deeper = await itemsOf('files', '--depth', '1', '--group-by', 'folder');
    assert.deepEqual(
      deeper.map((item) => [item!.label, item!.group]),
      [['b', 'a']],
    );
  });

  it('a folder: classes by ending', async () => {
    const [item] = await itemsOf('files', '--class-by', 'ending', '--ending', '.py=python');
    assert.equal(item!.label, 'python');
  });

  it('a CSV file with any delimiter, and JSON lines', async () => {
    const [row] = await itemsOf('table.csv', '--delimiter', ';', '--id', 'id', '--label', 'label');
    assert.deepEqual(Array.from(row!.values as ArrayLike<number>), [1, 2, 3]);
    assert.equal((await itemsOf('rows.jsonl')).length, 1);
  });
});

describe('importSource() refuses', () => {
  const cases: [string, string[], string, RegExp][] = [
    [
      'absent',
      [],
      'DATA_NOT_FOUND',
      /^Cannot import ".*absent": there is no such file or folder\.$/,
    ],
    [
      'notes.doc',
      [],
      'USAGE',
      /^Cannot import ".*notes\.doc": no importer takes it \(folder, csv, jsonl, [a-z, -]+\)\.$/,
    ],
    ['files', ['--class-by', 'ending'], 'USAGE', /: none is given\.$/],
    ...['.py', 'py=python', '.py=', '.py=a=b'].map((pair): [string, string[], string, RegExp] => [
      'files',
      ['--class-by', 'ending', '--ending', pair],
      'USAGE',
      new RegExp(`: "${pair.replaceAll('.', '\\.')}" is not one\\.$`),
    ]),
    ...['-1', '0.5', 'x'].map((depth): [string, string[], string, RegExp] => [
      'files',
      [`--depth=${depth}`],
      'USAGE',
      /^Cannot use the importer "folder": its option depth is \S+; allowed: a whole number ≥ 0\.$/,
    ]),
    ...['0', 'x'].map((levels): [string, string[], string, RegExp] => [
      'files',
      ['--group-by', 'folder', '--group-levels', levels],
      'USAGE',
      /^Cannot use the importer "folder": its option groupLevels is \S+; allowed: a whole number ≥ 1\.$/,
    ]),
  ];
  for (const [source, args, code, message] of cases) {
    it([source, ...args].join(' '), async () => {
      const options = await parse(source, ...args);
      assert.throws(() => importSource(options), { code, message });
    });
  }
});

describe('storeBuildOptions()', () => {
  it('leaves out what was not given', async () => {
    const options = storeBuildOptions(await parse('files'));
    const { provenance, ...rest } = options;
    assert.deepEqual(rest, {
      store: 'runs/store',
      name: 'store',
      valueType: 'uint8',
      overwrite: false,
      length: { longer: 'skip' },
      missing: 'skip',
      shares: { train: 0.7, validation: 0.15, test: 0.15 },
      caps: {},
      seed: 0,
    });
  });

  it('takes what was given', async () => {
    const args = ['--min-length', '3', '--max-length', '9', '--per-class', '4', '--per-group', '2'];
    const options = storeBuildOptions(await parse('files', ...args, '--name', 'other'));
    assert.deepEqual(options.length, { minimum: 3, maximum: 9, longer: 'skip' });
    assert.deepEqual(options.caps, { perClass: 4, perGroup: 2 });
    assert.equal(options.name, 'other');
  });

  for (const shares of ['0.7,0.3', '0.7,,0.3', '1,0,0,0', 'a,b,c', '1.5,-0.5,0', '']) {
    it(`refuses the shares "${shares}"`, async () => {
      const options = await parse('files', `--shares=${shares}`);
      assert.throws(() => storeBuildOptions(options), {
        code: 'USAGE',
        message: `Cannot use --shares "${shares}": three numbers from 0 to 1 are wanted.`,
      });
    });
  }
});
