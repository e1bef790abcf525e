import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { openStore, type StoreOnDisk } from '../../../../src/data/format/open-store.ts';
import { verifyStore } from '../../../../src/data/format/verify-store.ts';
import { writeStore } from '../../../../src/data/format/write-store.ts';
import {
  gathererOf,
  type SampleContent,
  type SampleRow,
  sampleContent,
  temporaryFolder,
} from '../sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

/** Every value of one content is the same, so a mixture shows. */
function constant(symbol: number, lengths: readonly number[]): SampleContent {
  const content = sampleContent('uint8', lengths);
  const rows = content.rows.map((row) => ({ ...row, values: row.values.fill(symbol) }));
  return { ...content, rows };
}

const OLD = constant(1, [3, 50, 700_000, 800_000]);
const NEW = constant(2, [4, 60, 700_000]);
/** Several shards of one record batch each. */
const SMALL_SHARDS = { shardBytes: 2 ** 20 };

/** The symbols of all values, and the lengths. */
async function contentsOf(store: StoreOnDisk): Promise<{ symbols: number[]; lengths: number[] }> {
  const symbols = new Set<number>();
  const lengths = [...store.index.lengths];
  for (const [sequence, length] of lengths.entries()) {
    for (const value of await store.read(sequence, 0, length)) symbols.add(value);
  }
  return { symbols: [...symbols], lengths };
}

async function contentsAt(path: string): ReturnType<typeof contentsOf> {
  const store = await openStore(path);
  return await contentsOf(store).finally(() => store.close());
}

describe('a store that is replaced', () => {
  it('is read on in its old version by those who have it open', async () => {
    const path = join(folder.path, 'open');
    await writeStore(path, OLD, SMALL_SHARDS);
    const store = await openStore(path);
    await writeStore(path, NEW, { overwrite: true });
    const lengths = OLD.rows.map(({ length }) => length);
    assert.deepEqual(await contentsOf(store), { symbols: [1], lengths });
    assert.equal((await store.ids()).length, 4);
    await store.close();
    assert.deepEqual((await contentsAt(path)).symbols, [2]);
  });

  it('is the old or the new one for whoever opens it meanwhile, never a mixture', async () => {
    const path = join(folder.path, 'loop');
    await writeStore(path, OLD, SMALL_SHARDS);
    let isWriting = true;
    const writing = (async () => {
      for (let round = 0; round < 12; round++) {
        const content = round % 2 === 0 ? NEW : OLD;
        await writeStore(path, content, { ...SMALL_SHARDS, overwrite: true });
      }
    })().finally(() => {
      isWriting = false;
    });
    const seen = new Set<number>();
    while (isWriting) {
      const { symbols, lengths } = await contentsAt(path);
      assert.equal(symbols.length, 1);
      const { rows } = symbols[0] === 1 ? OLD : NEW;
      assert.deepEqual(
        lengths,
        rows.map(({ length }) => length),
      );
      seen.add(symbols[0]!);
    }
    await writing;
    assert.deepEqual([...seen].sort(), [1, 2]);
  });

  it('is whole after a crash at any step, and the next import removes what is left', async () => {
    const path = join(folder.path, 'crash');
    await writeStore(path, OLD, SMALL_SHARDS);
    const snapshots: string[] = [];
    const onStep = (step: string) => {
      const copy = join(folder.path, `crash-${snapshots.length}`);
      cpSync(path, copy, { recursive: true });
      snapshots.push(copy);
      steps.push(step);
    };
    const steps: string[] = [];
    await writeStore(path, NEW, { overwrite: true, onStep });
    const swap = steps.indexOf('replace the manifest');
    assert(swap > 8 && steps.length > swap, steps.join('\n'));
    for (const [step, copy] of snapshots.entries()) {
      const { symbols } = await contentsAt(copy);
      assert.deepEqual(symbols, [step < swap ? 1 : 2], steps[step]);
      await verifyStore(copy);
      await writeStore(copy, NEW, { overwrite: true });
      const [manifest, version, ...rest] = readdirSync(copy).sort();
      assert.deepEqual([manifest, rest], ['manifest.json', []]);
      assert.match(version!, /^version-\d$/);
    }
  });

  it('is written by one process at a time, after what a dead one left is gone', async () => {
    const path = join(folder.path, 'once');
    const left = join(folder.path, '.once.tmp-0123456789ab');
    mkdirSync(left);
    const slow = {
      ...OLD,
      gatherer: () => {
        const values = gathererOf('uint8');
        const gather = async (rows: readonly SampleRow[]) => {
          await setTimeout(20 * rows.length);
          return await values.gather(rows);
        };
        return { ...values, gather };
      },
    };
    const writing = writeStore(path, slow);
    await setTimeout(10);
    await assert.rejects(writeStore(path, NEW), { code: 'RUN_LOCKED' });
    await writing;
    assert.deepEqual(
      readdirSync(folder.path).filter((name) => name.includes('once')),
      ['once'],
    );
  });

  it('keeps what is none of its files', async () => {
    const path = join(folder.path, 'notes');
    await writeStore(path, OLD);
    cpSync(import.meta.filename, join(path, 'notes.txt'));
    await writeStore(path, NEW, { overwrite: true });
    assert.deepEqual(readdirSync(path).sort(), ['manifest.json', 'notes.txt', 'version-2']);
  });

  it('is refused by a part of the program that must have the old content', async () => {
    const path = join(folder.path, 'late');
    const { contentHash: before } = await writeStore(path, OLD);
    const { contentHash } = await writeStore(path, NEW, { overwrite: true });
    await assert.rejects(openStore(path, { contentHash: before }), {
      code: 'DATA_INVALID',
      message: `Dataset "${path}" was replaced: its content hash is ${contentHash.slice(0, 12)}…, it was ${before.slice(0, 12)}… before.`,
    });
    await (await openStore(path, { contentHash })).close();
  });
});
