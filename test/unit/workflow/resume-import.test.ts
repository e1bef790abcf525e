import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { LockstepError } from '../../../src/core/errors.ts';
import type { ImportItem } from '../../../src/data/record.ts';
import { inBatches, type ReadBatch } from '../../../src/importer/item-batch.ts';
import { Journal } from '../../../src/importer/journal.ts';
import { type BuildStoreOptions, buildStore } from '../../../src/workflow/data/build-store.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

const ROWS = 1500;
const line = (row: number) => `s${row},c${row % 3},${row % 41} ${(row * 7) % 41} ${row} 1\n`;
let made = 0;

/** A table, and where its dataset goes. */
function source(): { path: string; options: BuildStoreOptions; kept: string } {
  const name = `source-${made++}`;
  const path = join(folder.path, `${name}.csv`);
  writeFileSync(
    path,
    `id,label,values\n${Array.from({ length: ROWS }, (_, row) => line(row)).join('')}`,
  );
  const options = { id: 'id', label: 'label', valueType: 'uint16', journalBytes: 1000 } as const;
  const store = join(folder.path, name);
  return {
    path,
    options: { ...options, source: path, store },
    kept: join(folder.path, `.${name}.import`),
  };
}

/** An import that is stopped when it has come so far. */
async function stopped(
  options: BuildStoreOptions,
  stage: 'reading' | 'writing',
): Promise<LockstepError> {
  const stop = new AbortController();
  const onProgress = (progress: { stage: string; done: number }) => {
    if (progress.stage === stage && progress.done >= 512) stop.abort('SIGINT');
  };
  return await buildStore({ ...options, signal: stop.signal, onProgress }).then(
    () => assert.fail('it was not stopped'),
    (thrown) => thrown as LockstepError,
  );
}

/** The import again: its content, and what it says. */
async function again(options: BuildStoreOptions): Promise<{ hash: string; notices: string[] }> {
  const notices: string[] = [];
  const report = await buildStore({ ...options, onNotice: (text) => notices.push(text) });
  assert.equal(report.read, ROWS);
  return { hash: report.contentHash, notices };
}

const wholeHash = async () => (await again(source().options)).hash;

describe('an interrupted import', () => {
  it('says what it keeps, and goes on from there to the same dataset', async () => {
    for (const stage of ['reading', 'writing'] as const) {
      const { options, kept } = source();
      const error = await stopped(options, stage);
      assert.equal(error.code, 'INTERRUPTED');
      assert.equal(error.message, 'SIGINT came before the dataset was complete.');
      assert.match(
        error.advice,
        /^The \d+ records that were read are kept in ".*import": the same command goes on from there\./,
      );
      assert.ok(existsSync(kept) && !existsSync(options.store));
      const { hash, notices } = await again(options);
      assert.deepEqual(notices, [`Going on with the import that was interrupted, from ${kept}.`]);
      assert.equal(hash, await wholeHash());
      assert.ok(!existsSync(kept));
    }
  });

  it('goes on with other options of the dataset', async () => {
    const { options } = source();
    await stopped(options, 'writing');
    const { notices } = await again({ ...options, seed: 5 });
    assert.equal(notices.length, 1);
  });

  it('starts anew, and says so, when the source has changed', async () => {
    const { options, path } = source();
    await stopped(options, 'reading');
    writeFileSync(
      path,
      `id,label,values\n${Array.from({ length: ROWS }, (_, row) => line(row + 9)).join('')}`,
    );
    const { hash, notices } = await again(options);
    assert.match(notices.join(), /have changed since an import was interrupted: starting anew\.$/);
    assert.notEqual(hash, await wholeHash());
  });

  it('starts anew when columns are read in another way', async () => {
    const { options } = source();
    await stopped(options, 'reading');
    const { notices } = await again({ ...options, label: undefined });
    assert.match(notices.join(), /starting anew/);
  });

  it('keeps nothing of a small source, nor after another error', async () => {
    const small = source();
    const error = await stopped({ ...small.options, journalBytes: 2 ** 25 }, 'reading');
    assert.equal(error.advice, 'Nothing was lost.');
    assert.ok(!existsSync(small.kept));
    const wrong = source();
    appendFileSync(wrong.path, 's,c1,"1 2\n');
    await assert.rejects(buildStore(wrong.options), { code: 'DATA_INVALID' });
    assert.ok(!existsSync(wrong.kept));
  });
});

describe('a journal', () => {
  const items: ImportItem[] = [
    { id: 'a', values: [1, 2, 255] },
    { id: 'b', label: 'x', group: 'g', split: 'test', values: [0.1, -0, Number.NaN] },
    { id: 'c', skipped: 'binary' },
    { id: 'd', values: Float64Array.of(1e300, 65_535), channels: 2, targets: [0.5] },
  ];
  /** An entry for each. */
  async function* from(passOver: number): AsyncGenerator<ReadBatch> {
    for (const item of items.slice(passOver)) yield* inBatches([item]);
  }
  const read = async (journal: Journal, source: Parameters<Journal['through']>[0] = from) =>
    plain((await collectItems(journal.through(source))).flat());
  const plain = (all: readonly ImportItem[]) =>
    all.map((item) =>
      'values' in item ? { ...item, values: [...Array.from(item.values)] } : item,
    );

  /** A journal that has all items. */
  async function written(): Promise<string> {
    const target = join(folder.path, `journal-${made++}`);
    const journal = await Journal.beside(target, 'source', 1);
    assert.deepEqual(await read(journal), plain(items));
    await journal.close();
    return target;
  }

  it('gives back each value as it was, and does not ask the source again', async () => {
    const journal = await Journal.beside(await written(), 'source', 1);
    const again = await read(journal, () => assert.fail('the source is read again'));
    assert.deepEqual(again, plain(items));
    await journal.remove();
  });

  it('goes on behind the last whole entry when a crash tore or spoilt one', async () => {
    for (let cut = 1; cut < 400; cut += 13) {
      const target = await written();
      const [name] = readdirSync(folder.path).filter((one) => one.endsWith(`${made - 1}.import`));
      const file = join(folder.path, name!, 'items');
      truncateSync(file, Math.max(0, 400 - cut));
      if (cut % 2 === 0) appendFileSync(file, Buffer.alloc(40, 7));
      for (const round of [1, 2]) {
        const journal = await Journal.beside(target, 'source', 1);
        assert.deepEqual(await read(journal), plain(items), `cut ${cut}, round ${round}`);
        await journal.close();
      }
    }
  });

  it('is refused while another import has it', async () => {
    const target = await written();
    const first = await Journal.beside(target, 'source');
    await assert.rejects(Journal.beside(target, 'source'), { code: 'RUN_LOCKED' });
    await first.remove();
  });
});
