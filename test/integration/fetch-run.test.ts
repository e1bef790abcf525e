/** What a host without the leader's disk fetches of a run, over real sockets in one process. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { offerFiles } from '../../src/cluster/copy/offer.ts';
import { resolvedConfigToYaml } from '../../src/config/load.ts';
import type { RunConfig } from '../../src/config/run-config.ts';
import { buildStore } from '../../src/importer/build/build-store.ts';
import { synthesize } from '../../src/importer/synthetic/synthesize.ts';
import { type CopyFolder, claimCopyFolder } from '../../src/run/copy-folder.ts';
import { fetchRun, offerRun } from '../../src/workflow/train/own-disks.ts';
import { resolveRunConfig } from '../../src/workflow/train/resolve-config.ts';
import { fixtureConfig } from '../helper/command-line.ts';

const SECRET = Buffer.alloc(32, 7);
const RUN = 'run#1';

describe('a run that a host fetches', () => {
  let root: string;
  let config: RunConfig;
  let folder: CopyFolder;
  let told: string[];

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
    config = resolveRunConfig({
      config: fixtureConfig('two-phases.yaml'),
      set: [`data.store=${join(root, 'data')}`],
    });
    mkdirSync(join(root, 'run'));
    writeFileSync(join(root, 'run', 'config.yaml'), resolvedConfigToYaml(config));
    await makeData(1);
    folder = await claimCopyFolder(join(root, 'copy'), { host: 'h1', runFolder: '/run' });
  });
  afterEach(() => {
    folder.release();
    rmSync(root, { recursive: true });
  });

  async function makeData(seed: number): Promise<void> {
    rmSync(join(root, 'data'), { recursive: true, force: true });
    const records = synthesize({ ...config.data.synthetic!, seed });
    const target = { target: join(root, 'data'), name: 'data', valueType: 'uint8' } as const;
    await buildStore(records, { ...target, provenance: {} });
  }

  /** Another command than the leader's names no dataset of this host. */
  async function fetched({ ownStore = join(root, 'none'), give = (_: number) => {} } = {}) {
    told = [];
    const over = new AbortController();
    const offered = { path: join(root, 'run'), runConfig: config };
    const offer = await offerRun(
      { offer: async (run, files) => offerFiles(SECRET, run, files, assert.fail) },
      RUN,
      offered,
    );
    const from = { host: 'h1', address: '127.0.0.1', secret: SECRET, signal: over.signal };
    const onFetched = (done: number) => {
      try {
        give(done);
      } catch (thrown) {
        over.abort(thrown);
      }
    };
    try {
      const { copy } = offer;
      const tell = (text: string) => told.push(text);
      return await fetchRun({ run: RUN, copy }, { ...from, onFetched }, folder, { ownStore, tell });
    } finally {
      await offer.close();
    }
  }
  const files = (data: string) =>
    readdirSync(data, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((one) => one.isFile())
      .map(({ name, parentPath }) => [
        join(parentPath, name).slice(data.length),
        readFileSync(join(parentPath, name)).toString('base64'),
      ])
      .toSorted();
  const isCopied = () => assert.deepEqual(files(folder.data), files(join(root, 'data')));

  it('is whole there, and nothing is fetched a second time', async () => {
    const { store, config: its } = await fetched();
    assert.deepEqual([store, its], [folder.data, config]);
    isCopied();
    assert.match(told.join('\n'), /^Fetching \d files, .*\nFetched /);
    await fetched();
    assert.deepEqual(told, []);
  });

  it('reads a dataset of that host that trains the same', async () => {
    const { store } = await fetched({ ownStore: join(root, 'data') });
    assert.equal(store, join(root, 'data'));
    assert.deepEqual(readdirSync(folder.data), []);
  });

  it('is fetched on where it broke off, and is no dataset before it is whole', async () => {
    let calls = 0;
    const give = () => {
      // Two files of the dataset.
      if (++calls > 3) throw new Error('the leader is lost');
    };
    await assert.rejects(fetched({ give }), /the leader is lost/);
    const left = files(folder.data);
    const whole = new Map(files(join(root, 'data')) as [string, string][]);
    assert.ok(left.length > 0 && left.length < whole.size, `${left.length} of ${whole.size}`);
    for (const [name, bytes] of left) assert.equal(bytes, whole.get(name!));
    assert.ok(!left.some(([name]) => name === '/manifest.json'));
    await fetched();
    assert.match(told.join('\n'), new RegExp(`^Fetching ${whole.size - left.length} files, `));
    isCopied();
  });

  it('is whole again where a bit of any of its files has changed, or one is gone', async () => {
    await fetched();
    for (const [name] of files(folder.data)) {
      const path = join(folder.data, name!);
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(path, bytes);
      await fetched();
      isCopied();
      rmSync(path);
      await fetched();
      isCopied();
    }
  });

  it('needs the extensions of the run, which are never fetched, and none of an earlier run', async () => {
    const record = { name: 'mine.ts', sha256: 'a'.repeat(64), defines: ['model mine'] };
    const listed = join(root, 'run', 'extensions.json');
    writeFileSync(listed, JSON.stringify({ extensions: [record] }));
    await assert.rejects(fetched(), { code: 'EXTENSION_MISMATCH', message: /mine\.ts/ });
    rmSync(listed);
    assert.deepEqual((await fetched()).config, config);
  });

  it('gives the room of another dataset away', async () => {
    await fetched();
    writeFileSync(join(folder.data, 'version-1', 'of-another.arrow'), 'old');
    await makeData(2);
    await fetched();
    isCopied();
  });
});
