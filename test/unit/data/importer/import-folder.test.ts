import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { LockstepError } from '../../../../src/core/errors.ts';
import { type FolderOptions, importFolder } from '../../../../src/data/importer/import-folder.ts';
import { classOf, groupOf } from '../../../../src/data/importer/path-rules.ts';
import type { ImportItem, RawRecord } from '../../../../src/data/importer/record.ts';
import { TEXT_41 } from '../../../../src/data/importer/symbol-map.ts';
import { collectItems, temporaryFolder } from '../sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

const FILES: Readonly<Record<string, string | Buffer>> = {
  'one/a.js': 'let a;',
  'one/types.d.ts': 'é!',
  'one/notes.txt': 'not asked for',
  'two/b.js': Buffer.from([0x61, 0x00, 0x62]),
  'two/c.js': Buffer.from([0x61, 0xff, 0x62]),
  'two/build/d.js': 'built',
  '.hidden/e.js': 'hidden',
};

before(() => {
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    writeFileSync(join(folder.path, path), content);
  }
  symlinkSync('a.js', join(folder.path, 'one/link.js'));
});

function collect(changes: Partial<FolderOptions> = {}): Promise<ImportItem[]> {
  const classes = { '.js': 'script', '.ts': 'source', '.d.ts': 'types' };
  return collectItems(
    importFolder({
      root: folder.path,
      classes: { by: 'ending', classes },
      groups: { by: 'folder', levels: 1 },
      symbolMap: TEXT_41,
      exclude: ['build'],
      ...changes,
    }),
  );
}

describe('a folder tree', () => {
  it('becomes one sequence a file, in the order of names, without links, hidden and other files', async () => {
    assert.deepEqual(await collect(), [
      { id: 'one/a.js', label: 'script', group: 'one', values: TEXT_41.encode('let a;') },
      { id: 'one/types.d.ts', label: 'types', group: 'one', values: TEXT_41.encode('é!') },
      { id: 'two/b.js', skipped: 'binary' },
      { id: 'two/c.js', skipped: 'not-utf8' },
    ]);
  });

  it('gives raw bytes without a symbol map', async () => {
    const items = (await collect({
      exclude: ['two/build'],
      symbolMap: undefined as never,
    })) as RawRecord[];
    const bytes = items.map(({ id, values }) => [id, Array.from(values)] as const);
    assert.deepEqual(bytes.at(-2), ['two/b.js', [0x61, 0, 0x62]]);
  });

  it('counts files in no folder that names a class', async () => {
    writeFileSync(join(folder.path, 'root.js'), 'root');
    const items = await collect({ classes: { by: 'folder', depth: 0 }, exclude: ['one', 'two'] });
    assert.deepEqual(items, [{ id: 'root.js', skipped: 'no-class' }]);
    rmSync(join(folder.path, 'root.js'));
  });

  it('takes files without a class when asked', async () => {
    const items = await collect({ unknownClass: 'unlabelled' });
    const notes = items.find(({ id }) => id === 'one/notes.txt') as RawRecord;
    assert.equal(notes.label, undefined);
    assert.equal(notes.values.length, FILES['one/notes.txt']!.length);
  });

  it('reads no more than asked for, also when that ends within a character', async () => {
    const path = join(folder.path, 'one/types.d.ts');
    writeFileSync(path, 'aéaéaéaé'.repeat(10));
    for (const readAtMost of [1, 2, 3, 10, 80, 100]) {
      const items = (await collect({ readAtMost, exclude: ['two', 'a.js'] })) as RawRecord[];
      assert.equal(items[0]!.values.length, Math.min(80, readAtMost));
    }
  });

  it('says when there is no such folder', async () => {
    const root = join(folder.path, 'absent');
    await assert.rejects(collect({ root }), (error) => {
      assert(error instanceof LockstepError);
      assert.equal(error.code, 'DATA_NOT_FOUND');
      assert.equal(error.message, `Cannot import from "${root}": there is no such folder.`);
      return true;
    });
  });
});

describe('class and group of a path', () => {
  it('takes the class of the longest ending, or of a folder', () => {
    const byExtension = {
      by: 'ending',
      classes: { '.ts': 'source', '.d.ts': 'types' },
    } as const;
    assert.equal(classOf('x/a.d.ts', byExtension), 'types');
    assert.equal(classOf('x/A.TS', byExtension), 'source');
    assert.equal(classOf('x/a.js', byExtension), undefined);
    assert.equal(classOf('sick/7/a.txt', { by: 'folder', depth: 0 }), 'sick');
    assert.equal(classOf('a.txt', { by: 'folder', depth: 0 }), undefined);
    assert.equal(classOf('a.txt', { by: 'none' }), undefined);
  });

  it('knows npm packages with scopes, and nested ones', () => {
    const group = (path: string) => groupOf(path, { by: 'npm-package' });
    assert.equal(group('node_modules/zod/v4/index.js'), 'zod');
    assert.equal(group('node_modules/@types/node/fs.d.ts'), '@types/node');
    assert.equal(group('node_modules/a/node_modules/@b/c/x.js'), '@b/c');
    assert.equal(group('node_modules/a/node_modules/d/e/x.js'), 'd');
    assert.equal(group('src/x.js'), 'src');
    assert.equal(group('x.js'), '.');
  });

  it('groups by levels of folders, or not at all', () => {
    assert.equal(groupOf('a/b/c/x.py', { by: 'folder', levels: 2 }), 'a/b');
    assert.equal(groupOf('a/x.py', { by: 'folder', levels: 2 }), 'a');
    assert.equal(groupOf('x.py', { by: 'folder', levels: 2 }), '.');
    assert.equal(groupOf('a/x.py', { by: 'file' }), 'a/x.py');
  });
});
