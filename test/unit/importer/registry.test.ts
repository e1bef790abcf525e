import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { z } from 'zod';
import { importSource } from '../../../src/importer/import-source.ts';
import { loadRecords } from '../../../src/importer/load-records.ts';
import { ImporterRegistry, importers } from '../../../src/importer/registry.ts';
import type { SourceOptions } from '../../../src/importer/source-rules.ts';
import { defineImporter } from '../../../src/source/define-importer.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
after(release);
const fileNamed = (name: string, text = 'AB') => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** One sequence a file: its letters, from a base upwards. */
const letters = (kind: string, ending: string) =>
  defineImporter({
    kind,
    options: z.strictObject({ base: z.int().min(0).default(65) }),
    accepts: (path) => path.endsWith(ending),
    async *records(path, { base }) {
      yield { id: path, values: Array.from('AB', (letter) => letter.charCodeAt(0) - base) };
    },
  });

describe('a built-in importer', () => {
  it('can be loaded without the others', async () => {
    for (const kind of new ImporterRegistry().kinds()) {
      const { records } = await loadRecords(kind);
      assert.equal(records, importers.named(kind).records);
    }
  });
});

describe('an importer is found', () => {
  const registry = new ImporterRegistry();
  registry.register(letters('letters', '.txt'));
  registry.register(letters('own-csv', '.csv'));

  it('by what it accepts: folders and tables by the built-in ones, with endings in any case', () => {
    mkdirSync(join(folder, 'tree'));
    assert.equal(registry.accepting(join(folder, 'tree')).kind, 'folder');
    assert.equal(registry.accepting(fileNamed('a.jsonl')).kind, 'jsonl');
    assert.equal(registry.accepting(fileNamed('a.txt')).kind, 'letters');
    const builtIn = new ImporterRegistry();
    for (const name of ['a.csv', 'a.CSV', 'a.tsv', 'a.Txt']) {
      assert.equal(builtIn.accepting(fileNamed(name)).kind, 'csv');
    }
    assert.equal(builtIn.accepting(fileNamed('a.NDJSON')).kind, 'jsonl');
  });

  it("as an extension's before a built-in one", () => {
    assert.equal(registry.accepting(fileNamed('a.csv')).kind, 'own-csv');
    assert.equal(registry.named('csv').kind, 'csv');
  });

  it('or not, when none or two of extensions take the source', () => {
    const message = /no importer takes it \(folder, csv, .*, letters, own-csv\)/;
    assert.throws(() => registry.accepting(fileNamed('a.bin')), { code: 'USAGE', message });
    registry.register(letters('more-letters', '.txt'));
    assert.throws(() => registry.accepting(fileNamed('a.txt')), {
      code: 'USAGE',
      message: /the importers "letters" and "more-letters" both take it/,
      advice: 'Choose one with --importer.',
    });
  });

  it('by its kind, with the nearest one for a mistyped kind', () => {
    assert.throws(() => registry.named('leters'), { message: /Did you mean "letters"\?/ });
  });

  it('once: another definition of a kind is refused, the same one is not', () => {
    const one = letters('letters', '.txt');
    assert.throws(() => registry.register(one), { code: 'EXTENSION_INVALID' });
    const fresh = new ImporterRegistry();
    const builtIn = fresh.kinds();
    fresh.register(one);
    fresh.register(one);
    assert.deepEqual(fresh.kinds(), [...builtIn, 'letters']);
  });
});

describe('importSource() with an importer of an extension', () => {
  importers.register(letters('letters', '.txt'));
  const request = { source: fileNamed('a.txt'), values: 'v', depth: 7 } as SourceOptions;

  it('gives it its own options and none of the built-in rules', async () => {
    const { importer, options, items } = importSource(request);
    assert.equal(importer.kind, 'letters');
    assert.deepEqual(options, { base: 65 });
    const [item] = await collectItems(items);
    assert.deepEqual(item, { id: request.source, values: [0, 1] });
    assert.deepEqual(importSource({ ...request, option: ['base=60'] }).options, { base: 60 });
  });

  const refused: [string, RegExp][] = [
    [
      'base=-1',
      /^Cannot use the importer "letters": its option base is -1; allowed: a whole number ≥ 0\.$/,
    ],
    ['bas=1', /its option bas is no known key; allowed here: base\. Did you mean "base"\?$/],
    ['base', /^Cannot use --option base: it must look like key\.path=value\.$/],
  ];
  for (const [option, message] of refused) {
    it(`refuses --option ${option}`, () => {
      assert.throws(() => importSource({ ...request, option: [option] }), {
        code: 'USAGE',
        message,
      });
    });
  }
});

describe('defineImporter() refuses', () => {
  const whole = { kind: 'x', options: z.object({}), accepts: () => true, records: () => [] };
  const cases: [string, object, RegExp][] = [
    ['a kind that no command line can name', { kind: 'a b' }, /was given the kind "a b"/],
    ['missing functions', { accepts: undefined }, /of "x" has no function "accepts"/],
    [
      'options that are no zod object',
      { options: {} },
      /of "x" has options that are no zod object/,
    ],
  ];
  for (const [what, change, message] of cases) {
    it(what, () => {
      const definition = { ...whole, ...change } as unknown as Parameters<typeof defineImporter>[0];
      assert.throws(() => defineImporter(definition), { code: 'EXTENSION_INVALID', message });
    });
  }
});
