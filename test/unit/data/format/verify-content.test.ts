import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openFiles } from '../../../../src/data/format/open-files.ts';
import { type VerifyOptions, verifyContent } from '../../../../src/data/format/verify-content.ts';
import { writeStore } from '../../../../src/data/format/write-store.ts';
import { sampleContent, temporaryFolder } from '../sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

/** Whether the bytes of the store are read: it counts streams of its files. */
async function compares(path: string, options: VerifyOptions = {}): Promise<number> {
  const store = await openFiles(path);
  let streams = 0;
  for (const handle of store.handles.values()) {
    const create = handle.createReadStream.bind(handle);
    handle.createReadStream = (options) => {
      streams++;
      return create(options);
    };
  }
  await verifyContent(path, store, { leastRememberedBytes: 0, ...options }).finally(() =>
    store.close(),
  );
  return streams;
}

describe('the content of a store', { concurrency: false }, () => {
  const cache = join(folder.path, 'cache');
  const path = join(folder.path, 'store');
  const shard = join(path, 'version-1', 'sequences-00000.arrow');
  const old = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = cache;
  after(() => {
    if (old === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = old;
  });

  const later = { now: () => Date.now() + 10_000 };

  it('is compared once, unless a file is touched', async () => {
    await writeStore(path, sampleContent('uint8', [6, 6, 6]));
    assert.equal(await compares(path), 3);
    assert.deepEqual(
      readdirSync(folder.path),
      ['store'],
      'of files this new nothing is remembered',
    );
    assert.equal(await compares(path, later), 3);
    assert.equal(await compares(path, later), 0);

    const [file] = readdirSync(join(cache, 'lockstep'));
    assert.match(file!, /^verified-[0-9a-f]{16}\.json$/);
    rmSync(join(cache, 'lockstep', file!));
    assert.equal(await compares(path, later), 3, 'nothing is remembered elsewhere');
    assert.equal(await compares(path, later), 0);
  });

  it('is always compared when it is small', async () => {
    for (let i = 0; i < 2; i++) {
      assert.equal(await compares(path, { ...later, leastRememberedBytes: 10_000 }), 3);
    }
  });

  it('is not remembered by a file that others may have written', async () => {
    const [file] = readdirSync(join(cache, 'lockstep'));
    chmodSync(join(cache, 'lockstep', file!), 0o666);
    assert.equal(await compares(path, later), 3);
    assert.equal(await compares(path, later), 0, 'another file has taken its place');
  });

  it('is compared again when a file was written to, whatever time it shows', async () => {
    const { atime, mtime } = statSync(shard);
    const handle = openSync(shard, 'r+');
    writeSync(handle, Buffer.from([0xff]), 0, 1, 200);
    closeSync(handle);
    utimesSync(shard, atime, mtime);
    await assert.rejects(compares(path, later), {
      code: 'STORE_CORRUPT',
      message: /sequences-00000\.arrow has SHA-256/,
    });
  });
});
