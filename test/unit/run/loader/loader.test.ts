import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { RunConfig } from '../../../../src/config/run-config.ts';
import { collate } from '../../../../src/data/collate.ts';
import { openStore, type StoreOnDisk } from '../../../../src/data/format/open-store.ts';
import { buildStore } from '../../../../src/importer/build/build-store.ts';
import { synthesize } from '../../../../src/importer/synthetic/synthesize.ts';
import { EVALUATION_EPOCH, microBatchOf } from '../../../../src/nn/objective/objective.ts';
import { loadMicroBatch } from '../../../../src/run/loader/load-micro-batch.ts';
import type { LoadRequest } from '../../../../src/run/loader/load-request.ts';
import { Loader } from '../../../../src/run/loader/loader.ts';
import { makeAllPhaseData } from '../../../../src/run/phase.ts';
import { temporaryFolder } from '../../data/sample-store.ts';
import { tinyRun } from '../../worker/tiny-run.ts';

describe('loading', () => {
  const { path, release } = temporaryFolder();
  let store: StoreOnDisk;
  let config: RunConfig;

  before(async () => {
    const data = `${path}/data`;
    const records = synthesize({
      count: 40,
      classes: 2,
      symbols: 5,
      length: { minimum: 5, maximum: 60 },
    });
    await buildStore(records, { target: data, name: 'data', valueType: 'uint8' });
    store = await openStore(data);
    config = { ...tinyRun(), data: { store: data } };
  });
  after(async () => {
    await store.close();
    release();
  });

  it('pads rows with zeros behind their values', async () => {
    const rows = [
      { sequence: 3, start: 2, count: 3 },
      { sequence: 20, start: 0, count: 6 },
    ];
    const padded = await collate(store, { rows, paddedLength: 6, epoch: 4 });
    const values = async (sequence: number, start: number, count: number) => [
      ...(await store.read(sequence, start, count)),
    ];
    assert.deepEqual(
      [...padded.values],
      [...(await values(3, 2, 3)), 0, 0, 0, ...(await values(20, 0, 6))],
    );
    assert.deepEqual([...padded.lengths], [3, 6]);
    assert.deepEqual([...padded.starts], [2, 0]);
    assert.deepEqual([...padded.sequences], [3, 20]);
    assert.equal(padded.epoch, 4);
  });

  it("draws an evaluation's masks from an epoch of its own, the same ones each time", async () => {
    const phases = makeAllPhaseData(config, store);
    const request: LoadRequest = { kind: 'evaluation', phase: 0, microBatch: 0 };
    const once = await loadMicroBatch(store, phases, request);
    assert.deepEqual(await loadMicroBatch(store, phases, request), once);
    const rows = await collate(store, phases[0]!.evaluation!.at(0), EVALUATION_EPOCH);
    assert.deepEqual(once.feeds, microBatchOf(phases[0]!.objective, rows).feeds);
  });

  it('yields from its thread what loading here yields, in order', async () => {
    const requests: LoadRequest[] = [0, 1, 2, 3].flatMap((stepInPhase) => [
      { kind: 'training', phase: 0, stepInPhase, microBatch: 0 },
      { kind: 'evaluation', phase: 1, microBatch: 0 },
    ]);
    const phases = makeAllPhaseData(config, store);
    const loader = new Loader(config, requests.values());
    try {
      for (const request of requests) {
        assert.deepEqual(
          await loader.next(request),
          await loadMicroBatch(store, phases, request),
          JSON.stringify(request),
        );
      }
    } finally {
      await loader.close();
    }
  });

  it('starts again with other requests, whatever it had loaded ahead', async () => {
    const at = (stepInPhase: number): LoadRequest => {
      return { kind: 'training', phase: 0, stepInPhase, microBatch: 0 };
    };
    const loader = new Loader(config, [at(0), at(1), at(2)].values());
    try {
      const before = await loader.next(at(0));
      loader.restart([at(1), at(0)].values());
      await loader.next(at(1));
      assert.deepEqual(await loader.next(at(0)), before);
    } finally {
      await loader.close();
    }
  });

  it('refuses another request than the next one', async () => {
    const request: LoadRequest = { kind: 'training', phase: 0, stepInPhase: 0, microBatch: 0 };
    const loader = new Loader(config, [request].values());
    try {
      await assert.rejects(loader.next({ ...request, stepInPhase: 1 }), /the loader is at \{/);
    } finally {
      await loader.close();
    }
  });

  it('hands a failure over with the micro-batch that it belongs to', async () => {
    const absent = { ...config, data: { store: `${path}/absent` } };
    const request: LoadRequest = { kind: 'training', phase: 0, stepInPhase: 0, microBatch: 0 };
    const loader = new Loader(absent, [request].values());
    try {
      await assert.rejects(loader.next(request), { code: 'DATA_NOT_FOUND' });
    } finally {
      await loader.close();
    }
  });

  it('refuses a dataset that has replaced the one that its requests follow from', async () => {
    const request: LoadRequest = { kind: 'training', phase: 0, stepInPhase: 0, microBatch: 0 };
    const loader = new Loader(config, [request].values(), { contentHash: 'f'.repeat(64) });
    try {
      const message = /" was replaced: its content hash is [0-9a-f]{12}…, it was f{12}… before\.$/;
      await assert.rejects(loader.next(request), { code: 'DATA_INVALID', message });
    } finally {
      await loader.close();
    }
  });

  it('rejects what is awaited when it is closed, and leaves no thread', async () => {
    const threads = () =>
      process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    const before = threads();
    const request: LoadRequest = { kind: 'training', phase: 0, stepInPhase: 0, microBatch: 0 };
    const loader = new Loader(config, [request].values());
    const pending = assert.rejects(loader.next(request), /The loader's thread has ended/);
    assert.ok(threads() > before);
    await loader.close();
    await pending;
    assert.equal(threads(), before);
  });

  it('has no micro-batch beyond its last request', async () => {
    const loader = new Loader(config, [].values());
    try {
      const request: LoadRequest = { kind: 'evaluation', phase: 0, microBatch: 0 };
      await assert.rejects(loader.next(request), /the loader is at the end/);
    } finally {
      await loader.close();
    }
  });
});

describe('loading real values', () => {
  it('pads them as float32', async () => {
    const { path, release } = temporaryFolder();
    try {
      const records = synthesize({
        count: 4,
        classes: 2,
        symbols: 5,
        length: { minimum: 3, maximum: 6 },
        output: 'real',
      });
      const shares = { train: 1, validation: 0, test: 0 };
      await buildStore(records, { target: `${path}/d`, name: 'd', valueType: 'float32', shares });
      const store = await openStore(`${path}/d`);
      const count = store.index.lengths[0]!;
      const rows = [{ sequence: 0, start: 0, count }];
      const padded = await collate(store, { rows, paddedLength: 8, epoch: 0 });
      assert.ok(padded.values instanceof Float32Array);
      const expected = Float32Array.of(
        ...(await store.read(0, 0, count)),
        ...Array<number>(8 - count).fill(0),
      );
      assert.deepEqual(padded.values, expected);
      await store.close();
    } finally {
      release();
    }
  });
});

describe('a dataset that is damaged while it is read', () => {
  it('fails at the first micro-batch that needs what is gone, and at no other', async () => {
    const { path, release } = temporaryFolder();
    try {
      const data = `${path}/data`;
      // Two record batches: one sequence fills more than half of what one may hold.
      const values = (symbol: number) => new Uint8Array(1_200_000).fill(symbol);
      const records = ['a', 'b'].map((id, symbol) => ({ id, group: id, values: values(symbol) }));
      const shares = { train: 1, validation: 0, test: 0 };
      await buildStore(asynchronously(records), {
        target: data,
        name: 'data',
        valueType: 'uint8',
        shares,
      });
      const { evaluation: _, ...pretrain } = tinyRun('phases.0.data.crop=50').phases[0]!;
      const config = { ...tinyRun(), data: { store: data }, phases: [pretrain] };
      const requestOf = await requestsBySequence(config);
      const [whole, lost] = [requestOf(0), requestOf(1)];
      const requests = [whole, whole, whole, whole, lost, whole];
      const loader = new Loader(config, requests.values());
      try {
        await loader.next(whole);
        truncateSync(`${data}/version-1/sequences-00000.arrow`, 1_300_000);
        for (const request of [whole, whole, whole]) await loader.next(request);
        await assert.rejects(loader.next(lost), {
          code: 'STORE_CORRUPT',
          message: /sequences-00000\.arrow, sequence \d+: it ends at byte 1300000/,
        });
        assert.deepEqual([...(await loader.next(whole)).sequences], [0]);
      } finally {
        await loader.close();
      }
    } finally {
      release();
    }
  });
});

async function* asynchronously<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

/** Which request of a run's first epoch loads a sequence. */
async function requestsBySequence(config: RunConfig) {
  const store = await openStore(config.data.store);
  const { plan } = makeAllPhaseData(config, store)[0]!;
  await store.close();
  const { microBatches } = plan.stepAt(0);
  return (sequence: number): LoadRequest => {
    const microBatch = microBatches.findIndex(({ rows }) => rows[0]!.sequence === sequence);
    return { kind: 'training', phase: 0, stepInPhase: 0, microBatch };
  };
}
