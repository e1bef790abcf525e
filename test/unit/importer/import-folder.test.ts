import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { LockstepError } from '../../../src/core/errors.ts';
import type { ImportItem, RawRecord } from '../../../src/data/record.ts';
import { type FolderOptions, importFolder } from '../../../src/importer/folder/import-folder.ts';
import { TEXT_41 } from '../../../src/importer/folder/symbol-map.ts';
import { classOf, groupOf } from '../../../src/source/rules/path-rules.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

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
  it('becomes one sequence a file, in the order of names, without hidden and other files', async () => {
    assert.deepEqual(await collect(), [
      { id: 'one/a.js', label: 'script', group: 'one', values: TEXT_41.encode('let a;') },
      { id: 'one/link.js', skipped: 'link' },
      { id: 'one/types.d.ts', label: 'types', group: 'one', values: TEXT_41.encode('é!') },
      { id: 'two/b.js', skipped: 'binary' },
      { id: 'two/c.js', skipped: 'not-utf8' },
    ]);
  });

  it('gives raw bytes without a symbol map', async () => {
    const items = (await collect({
      exclude: ['two/build', 'link.js'],
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
      const items = (await collect({
        readAtMost,
        exclude: ['two', 'a.js', 'link.js'],
      })) as RawRecord[];
      assert.equal(items[0]!.values.length, Math.min(80, readAtMost));
    }
  });

  it('has the files outside it that links lead to, and counts other links', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'lockstep-linked-'));
    writeFileSync(join(outside, 'blob'), 'far');
    const links = { 'b.js': join(outside, 'blob'), 'c.js': outside, 'd.js': '/nowhere' };
    mkdirSync(join(folder.path, 'links'));
    for (const [name, to] of Object.entries(links))
      symlinkSync(to, join(folder.path, 'links', name));
    const items = await collect({ exclude: ['one', 'two', 'root.js'] });
    assert.deepEqual(items, [
      { id: 'links/b.js', label: 'script', group: 'links', values: TEXT_41.encode('far') },
      { id: 'links/c.js', skipped: 'link' },
      { id: 'links/d.js', skipped: 'link' },
    ]);
    rmSync(outside, { recursive: true });
    rmSync(join(folder.path, 'links'), { recursive: true });
  });

  it('counts links in a circle, and files whose names are no UTF-8', async () => {
    const place = join(folder.path, 'odd');
    mkdirSync(place);
    symlinkSync('loop.js', join(place, 'loop.js'));
    writeFileSync(Buffer.concat([Buffer.from(`${place}/caf`), Buffer.from([0xe9])]), 'latin');
    writeFileSync(join(place, 'real \uFFFD.js'), 'far');
    const items = await collect({ exclude: ['one', 'two', 'root.js'] });
    assert.deepEqual(items, [
      { id: 'odd/caf\uFFFD', skipped: 'no-utf8-name' },
      { id: 'odd/loop.js', skipped: 'link' },
      { id: 'odd/real \uFFFD.js', label: 'script', group: 'odd', values: TEXT_41.encode('far') },
    ]);
    rmSync(place, { recursive: true });
  });

  it('refuses a folder whose name is no UTF-8: a whole class may lie in it', async () => {
    const path = Buffer.concat([Buffer.from(`${folder.path}/caf`), Buffer.from([0xe9])]);
    mkdirSync(path);
    await assert.rejects(collect({ exclude: ['one', 'two', 'root.js'] }), {
      code: 'DATA_INVALID',
      message: `Cannot import from "${join(folder.path, 'caf\uFFFD')}": its name is not UTF-8, so it cannot be opened.`,
    });
    rmSync(path, { recursive: true });
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
