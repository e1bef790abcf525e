import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import yargs from 'yargs';
import { sourceOptions } from '../../../src/cli/import-options.ts';
import { importPaths, type PathOptions, pathOptions } from '../../../src/cli/import-paths.ts';
import {
  type StoreOptions,
  storeBuildOptions,
  storeOptions,
} from '../../../src/cli/store-options.ts';
import type { RawRecord } from '../../../src/data/record.ts';
import { importSource } from '../../../src/importer/import-source.ts';
import { refuseUnusedRules } from '../../../src/importer/refuse-unused-rules.ts';
import { importers } from '../../../src/importer/registry.ts';
import type { SourceOptions } from '../../../src/importer/source-rules.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
const files = join(folder, 'files');
mkdirSync(join(files, 'a', 'b'), { recursive: true });
writeFileSync(join(files, 'a', 'b', 'one.py'), 'abc');
writeFileSync(join(folder, 'table.csv'), 'id;label;values\nrow;x;1 2 3\n');
writeFileSync(join(folder, 'rows.jsonl'), '{"values":[4,5]}\n');
writeFileSync(join(folder, 'notes.doc'), 'abc');
after(release);

/** The options as the command line gives them. */
async function parse(source: string, ...args: string[]) {
  const words = [...(source === '' ? [] : [join(folder, source)]), 'runs/store', ...args];
  const parser = yargs(words)
    .parserConfiguration({ 'boolean-negation': false })
    .command('$0 <paths..>', '', (y) => storeOptions(sourceOptions(pathOptions(y))));
  const options = (await parser.parse()) as unknown as PathOptions & SourceOptions & StoreOptions;
  return { ...options, ...importPaths(options) };
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

describe('several sources', () => {
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'parts', 'deep'), { recursive: true });
  write('parts/b.csv', 'values\n1 2\n');
  write('parts/a.csv', 'values\n3 4\n');
  write('parts/deep/a.csv', 'values\n5 6\n');

  const found = async (...args: Parameters<typeof parse>) =>
    (await itemsOf(...args)).map(({ id, split }) => [id, split]);

  it('are files by their names, or those of a pattern; ids tell files of one name apart', async () => {
    assert.deepEqual(await found('parts/*.csv'), [
      ['a.csv:2', undefined],
      ['b.csv:2', undefined],
    ]);
    assert.deepEqual(await found('parts/**/a.csv'), [
      ['a.csv:2', undefined],
      ['deep/a.csv:2', undefined],
    ]);
  });

  it('may be of one split each', async () => {
    const given = await parse('', '--train', 'a', '--test', 'b');
    assert.equal(given.source, undefined);
    const [train, test] = ['parts/b.csv', 'parts/a.csv'].map((name) => join(folder, name));
    assert.deepEqual(await found('', '--train', train!, '--test', test!), [
      ['b.csv:2', 'train'],
      ['a.csv:2', 'test'],
    ]);
    const mixed = await found('parts/deep/a.csv', '--validation', test!);
    assert.deepEqual(mixed, [
      ['deep/a.csv:2', undefined],
      ['a.csv:2', 'validation'],
    ]);
  });

  it('are folders, whose names tell ids and groups apart', async () => {
    const [one, two] = ['one', 'two'].map((name) => join(folder, 'folders', name));
    for (const path of [one!, two!]) {
      mkdirSync(join(path, 'x'), { recursive: true });
      writeFileSync(join(path, 'x', 'file'), 'abc');
    }
    const args = ['--train', one!, '--test', two!, '--group-by', 'folder'];
    const items = await itemsOf('', ...args);
    assert.deepEqual(
      items.map(({ id, group, label }) => [id, group, label]),
      [
        ['one/x/file', 'one/x', 'x'],
        ['two/x/file', 'two/x', 'x'],
      ],
    );
  });

  it('are refused when they contradict each other', async () => {
    const path = join(folder, 'parts', 'a.csv');
    const refusals: [string, string[], string, RegExp][] = [
      ['', ['--train', path, '--test', path], 'USAGE', /it is given twice, for different splits/],
      ['parts/a.csv', ['--test', path], 'USAGE', /it is given twice/],
      [
        'parts/a.csv',
        ['--test', join(folder, 'rows.jsonl')],
        'USAGE',
        /of the kinds csv and jsonl/,
      ],
      ['', ['--test', path, '--split', 's'], 'USAGE', /^--split and --test exclude each other/],
      ['parts/a.csv', ['--label', 'a', '--target', 'b'], 'USAGE', /^--label and --target exclude/],
      ['parts/*.tsv', [], 'DATA_NOT_FOUND', /no file matches it\.$/],
      ['parts/c.csv', [], 'DATA_NOT_FOUND', /there is no such file or folder\.$/],
    ];
    for (const [source, args, code, message] of refusals) {
      const options = await parse(source, ...args);
      assert.throws(() => importSource(options), { code, message });
    }
    await assert.rejects(parse(''), { message: '"data import" needs <source> and <store>.' });
  });
});

describe('an option that means nothing to the importer', () => {
  it('is refused, with the importers that it is for', async () => {
    const refusals: [string, string[], RegExp][] = [
      [
        'rows.jsonl',
        ['--delimiter', ';'],
        /^--delimiter means nothing to the importer "jsonl"; it is for .*csv/,
      ],
      ['rows.jsonl', ['--no-header'], /^--no-header means nothing/],
      ['table.csv', ['--class-by', 'ending'], /^--class-by .* "csv"; it is for folder\.$/],
      ['table.csv', ['--alphabet', 'dna'], /^--alphabet means nothing/],
    ];
    for (const [source, args, message] of refusals) {
      const options = await parse(source, ...args);
      const { importer } = importSource(options);
      assert.throws(() => refuseUnusedRules(importer, options), { code: 'USAGE', message });
    }
    const options = await parse(
      'table.csv',
      '--label',
      'l',
      '--decimal',
      ',',
      '--time',
      't',
      '--id',
      'i',
    );
    refuseUnusedRules(importSource(options).importer, options);
    for (const source of ['table.csv', 'rows.jsonl', 'files']) {
      const none = await parse(source);
      refuseUnusedRules(importSource(none).importer, { ...none, ignored: undefined as never });
    }
    refuseUnusedRules(importers.named('wav'), await parse('files'));
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

describe('the help of data import', () => {
  it('has a space before each bracket', async () => {
    for (const width of [80, 100]) {
      const help = storeOptions(sourceOptions(pathOptions(yargs([])))).wrap(width);
      const crowded = /^.*\S\[(string|number|boolean|array|choices|default|required).*$/gm;
      assert.deepEqual((await help.getHelp()).match(crowded), null);
    }
  });
});

describe('importPaths()', () => {
  it('takes the last path for the dataset, and a single one for the source of a dry run', async () => {
    const given = { train: [], validation: [], test: [], dryRun: true };
    const { source, store } = importPaths({ ...given, paths: ['a.csv', 'b.csv', 'data/c'] });
    assert.deepEqual([source, store], [['a.csv', 'b.csv'], 'data/c']);
    assert.deepEqual(importPaths({ ...given, paths: ['a.csv'] }).source, ['a.csv']);
    const ofSplits = importPaths({ ...given, train: ['a.csv'], paths: ['data/c'] });
    assert.deepEqual([ofSplits.source, ofSplits.store], [undefined, 'data/c']);
  });
});

describe('storeBuildOptions()', () => {
  it('leaves out what was not given', async () => {
    const options = storeBuildOptions(await parse('files'));
    const { provenance, ...rest } = options;
    assert.deepEqual(rest, {
      store: 'runs/store',
      name: 'store',
      valueType: 'auto',
      overwrite: false,
      length: { longer: 'skip' },
      missing: 'skip',
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

  it('takes folds, both options or none', async () => {
    const given = async (...args: string[]) => storeBuildOptions(await parse('files', ...args));
    assert.deepEqual((await given('--folds', '5', '--fold', '2')).folds, { folds: 5, fold: 2 });
    await assert.rejects(given('--folds', '5'), { message: '--folds is given alone.' });
    await assert.rejects(given('--fold', '5'), { message: '--fold is given alone.' });
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
