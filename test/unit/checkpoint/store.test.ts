import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Progress } from '../../../src/checkpoint/progress.ts';
import { loadWeights, readCheckpoint, restoreNewest } from '../../../src/checkpoint/restore.ts';
import {
  encodeSafetensors,
  floatTensor,
  readSafetensors,
} from '../../../src/checkpoint/safetensors.ts';
import { hashState } from '../../../src/checkpoint/state-tensors.ts';
import {
  findNewestCheckpoint,
  saveCheckpoint,
  savePhaseResult,
  verifyCheckpoint,
} from '../../../src/checkpoint/store.ts';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { LockstepError } from '../../../src/core/errors.ts';
import { sha256 } from '../../../src/core/hash.ts';
import {
  contentAt,
  LAYOUT,
  layoutOf,
  PARAMETERS,
  progressAt,
  STATISTICS,
  stateOf,
  vectorOf,
} from './sample.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoints-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const save = (step: number, keep = 2, changes: Partial<Progress> = {}, context = {}) =>
  saveCheckpoint(folder, contentAt(step, changes, context), { keep });
const pathOf = (step: number) => join(folder, `step-${String(step).padStart(8, '0')}`);
const steps = () => readdirSync(folder).sort();

/** Weights without moments. */
function weightsOf(seed: number) {
  const { parameters, statistics } = stateOf(seed);
  return { parameters, statistics };
}

/** Turns one bit of a file. */
function flip(path: string, position: number): void {
  const bytes = readFileSync(path);
  bytes[position % bytes.length]! ^= 1;
  writeFileSync(path, bytes);
}

async function lineOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.fail('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof LockstepError, String(error));
  return error.toLine().replaceAll(folder, 'DIR');
}

describe('a checkpoint', () => {
  it('gives back every bit of the progress', async () => {
    const best = {
      metric: { name: 'accuracy', value: 0.5 },
      stepInPhase: 7,
      weights: weightsOf(77),
    };
    const state = stateOf(10);
    state.parameters.set([-0, Number.NaN, Number.MIN_VALUE, Infinity, 1e-45]);
    const others = { results: new Map([['pretrain', weightsOf(5)]]), initialWeights: weightsOf(6) };
    await save(10, 2, { best, state, skippedSteps: 3, ...others });
    const restored = await restoreNewest(folder, LAYOUT);
    const { progress } = restored;
    assert.equal(hashState(progress.state), hashState(state));
    assert.equal(restored.manifest.stateHash, hashState(state));
    assert.deepEqual(progress, progressAt(10, { best, state, skippedSteps: 3, ...others }));
    assert.deepEqual(restored.manifest.phase, { index: 0, name: 'pretrain', stepInPhase: 10 });
    assert.deepEqual(restored.skipped, []);
  });

  it("has PyTorch's names and shapes, and its counter beside the statistics", async () => {
    const { path } = await save(10);
    const model = await readSafetensors(join(path, 'model.safetensors'));
    const shapes = Object.fromEntries([...model.tensors].map(([name, t]) => [name, t.shape]));
    const counter = 'model.0.m.1.num_batches_tracked';
    assert.deepEqual(shapes, { ...PARAMETERS, ...STATISTICS, [counter]: [] });
    const value = new BigInt64Array(new Uint8Array(model.tensors.get(counter)!.bytes).buffer);
    assert.deepEqual([...value], [10n]);
    const optimizer = await readSafetensors(join(path, 'optimizer.safetensors'));
    assert.deepEqual(optimizer.tensors.get('exp_avg_sq.decoder.weight')?.shape, [3, 4]);
    assert.equal(optimizer.tensors.size, 2 * LAYOUT.parameters.length);
  });

  it('may have no moments at all', async () => {
    await save(10, 2, { state: stateOf(1, LAYOUT, 0) }, { optimizer: 'sgd' });
    const { progress } = await restoreNewest(folder, LAYOUT);
    assert.deepEqual(progress.state.moments, []);
  });

  it('writes null for a metric that is not finite', async () => {
    const metric = { name: 'loss', value: Number.NaN };
    await save(10, 2, { best: { metric, stepInPhase: 1, weights: stateOf(1) } });
    const { progress } = await restoreNewest(folder, LAYOUT);
    assert.deepEqual(progress.best?.metric, { name: 'loss', value: null });
  });

  it('stays as it is when the same state is saved again', async () => {
    const first = await save(10);
    const second = await save(10);
    assert.deepEqual(second.manifest, first.manifest);
  });

  it('replaces one of the same step that is damaged or holds another state', async () => {
    const first = await save(10);
    flip(join(first.path, 'model.safetensors'), 400);
    await save(10);
    assert.equal((await verifyCheckpoint(pathOf(10))).manifest.stateHash, hashState(stateOf(10)));
    await save(10, 2, { state: stateOf(11) });
    assert.equal((await verifyCheckpoint(pathOf(10))).manifest.stateHash, hashState(stateOf(11)));
    assert.deepEqual(steps(), ['step-00000010']);
  });
});

describe('how many stay', () => {
  it('keeps the newest k', async () => {
    for (const step of [5, 10, 15, 100000000]) await save(step, 2);
    assert.deepEqual(steps(), ['step-00000015', 'step-100000000']);
  });

  it('never removes what it has just written, though a damaged one has a later step', async () => {
    await save(5, 1);
    mkdirSync(pathOf(20));
    await save(10, 1);
    assert.deepEqual(steps(), ['step-00000010', 'step-00000020']);
    assert.equal((await findNewestCheckpoint(folder)).path, pathOf(10));
  });

  it('removes what a writer left unfinished', async () => {
    mkdirSync(join(folder, '.step-00000007.tmp-0123456789ab'));
    await save(10);
    assert.deepEqual(steps(), ['step-00000010']);
  });
});

describe('a damaged checkpoint', () => {
  it('is passed over with its reason, for the one before', async () => {
    for (const step of [5, 10, 15]) await save(step, 3);
    flip(join(pathOf(15), 'optimizer.safetensors'), 2000);
    rmSync(join(pathOf(10), 'manifest.json'));
    const restored = await restoreNewest(folder, LAYOUT);
    assert.equal(restored.manifest.globalStep, 5);
    assert.deepEqual(
      restored.skipped.map(({ path, reason }) => [path, reason.replaceAll(folder, 'DIR')]),
      [
        [pathOf(15), '"DIR/step-00000015" is damaged: the hash of optimizer.safetensors differs.'],
        [pathOf(10), '"DIR/step-00000010" has no readable manifest.json, so it is no checkpoint.'],
      ],
    );
  });

  it('is found by one bit anywhere in the manifest or the header of the model', async () => {
    await save(10);
    for (const file of ['manifest.json', 'model.safetensors']) {
      const path = join(pathOf(10), file);
      const good = readFileSync(path);
      for (let i = 0; i < good.length; i += 7) {
        flip(path, i);
        const state = await findNewestCheckpoint(folder).catch((e: LockstepError) => e.code);
        // Space between tokens is no content: a manifest may survive a change there, unchanged in meaning.
        if (typeof state === 'object') assert.equal(state.manifest.globalStep, 10);
        else assert.match(state, /^CHECKPOINT_(CORRUPT|MISMATCH)$/, `${file} byte ${i}`);
        if (file !== 'manifest.json') assert.equal(state, 'CHECKPOINT_CORRUPT');
        writeFileSync(path, good);
      }
    }
  });

  for (const name of ['../secret', '/etc/passwd', 'a/b', '..', '.lock', 'a\0b']) {
    it(`is never followed out of its folder: ${JSON.stringify(name)}`, async () => {
      await save(3);
      const path = join(pathOf(3), 'manifest.json');
      const { manifestHash, ...found } = JSON.parse(readFileSync(path, 'utf8'));
      found.files[name] = Object.values(found.files)[0];
      const sealed = { ...found, manifestHash: sha256(canonicalJson(found)) };
      writeFileSync(path, JSON.stringify(sealed));
      assert.match(await lineOf(verifyCheckpoint(pathOf(3))), /manifest\.json is wrong at files/);
    });
  }

  it('is named with all others when none is left', async () => {
    assert.equal(
      await lineOf(findNewestCheckpoint(folder)),
      'CHECKPOINT_NOT_FOUND: "DIR" holds no checkpoint. The run ended before its first one: start it anew.',
    );
    await save(5);
    await save(10);
    truncateSync(join(pathOf(5), 'model.safetensors'), 100);
    rmSync(join(pathOf(10), 'optimizer.safetensors'));
    const size = readFileSync(join(pathOf(10), 'model.safetensors')).length;
    assert.equal(
      await lineOf(findNewestCheckpoint(folder)),
      'CHECKPOINT_CORRUPT: None of the 2 checkpoints in "DIR" is valid. ' +
        '"DIR/step-00000010" is damaged: optimizer.safetensors cannot be read. ' +
        `"DIR/step-00000005" is damaged: model.safetensors has 100 bytes instead of ${size}. ` +
        'Restore one from a copy, or start the run anew.',
    );
  });

  it('is refused under the name of another step', async () => {
    const { path } = await save(10);
    const copy = pathOf(11);
    mkdirSync(copy);
    for (const name of readdirSync(path)) {
      writeFileSync(join(copy, name), readFileSync(join(path, name)));
    }
    await assert.rejects(verifyCheckpoint(copy), /its manifest is of step 10/);
  });

  for (const formatVersion of [2, 4]) {
    it(`of format ${formatVersion} is not passed over: an older state would be taken for the newest`, async () => {
      await save(5);
      const { path } = await save(10);
      const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8'));
      writeFileSync(join(path, 'manifest.json'), JSON.stringify({ ...manifest, formatVersion }));
      assert.equal(
        await lineOf(findNewestCheckpoint(folder)),
        `CHECKPOINT_MISMATCH: "DIR/step-00000010" has format version ${formatVersion}; this Lockstep reads version 3. ` +
          'Use the version of Lockstep that wrote it.',
      );
    });
  }
});

describe('a checkpoint of another model', () => {
  const cases: [string, Record<string, number[]>, string][] = [
    [
      'another kernel',
      { ...PARAMETERS, 'encoder.weight': [4, 1, 5] },
      '"encoder.weight" has shape [4,1,3] in the file, the model has [4,1,5]. Set model.kernel to 3.',
    ],
    [
      'other channels',
      { ...PARAMETERS, 'encoder.weight': [8, 1, 3] },
      '"encoder.weight" has shape [4,1,3] in the file, the model has [8,1,3]. Set model.channels to 4.',
    ],
    [
      'a tensor more',
      { ...PARAMETERS, 'decoder.bais': [3] },
      'the model\'s "decoder.bais" is not among its 8 tensors. Use the model section of the ' +
        'configuration that the file was made with. Did you mean "decoder.bias"?',
    ],
    [
      'a tensor fewer',
      { 'encoder.weight': [4, 1, 3], 'encoder.bias': [4], 'model.0.m.1.weight': [4] },
      'the model has no "decoder.bias" and 1 more. Use the model section of the configuration ' +
        'that the file was made with.',
    ],
  ];
  for (const [what, shapes, sentence] of cases) {
    it(`is refused: ${what}`, async () => {
      await save(10);
      assert.equal(
        await lineOf(restoreNewest(folder, layoutOf(shapes, STATISTICS))),
        'CHECKPOINT_MISMATCH: Cannot load "DIR/step-00000010/model.safetensors" into the model: ' +
          sentence,
      );
    });
  }
});

describe('weights', () => {
  const result = (kept: 'best' | 'last' = 'best') =>
    savePhaseResult(folder, {
      ...contentAt(40),
      globalStep: 40,
      weights: stateOf(4),
      kept,
      metric: { name: 'accuracy', value: 0.75 },
    });

  it('of a phase are loaded from its folder, and replaced by a later result', async () => {
    const { path, manifest } = await result('last');
    assert.equal(path, join(folder, 'pretrain'));
    assert.equal(manifest.kept, 'last');
    await result('best');
    const loaded = await loadWeights(path, LAYOUT);
    assert.deepEqual(loaded.parameters, stateOf(4).parameters);
    assert.deepEqual(loaded.statistics, stateOf(4).statistics);
    assert.equal(loaded.manifest?.kind === 'phase-result' && loaded.manifest.kept, 'best');
    assert.deepEqual([loaded.missing, loaded.unused], [[], []]);
  });

  it('are loaded from a checkpoint folder and from a bare file alike', async () => {
    const { path } = await save(10);
    const fromFolder = await loadWeights(path, LAYOUT);
    const fromFile = await loadWeights(join(path, 'model.safetensors'), LAYOUT);
    assert.deepEqual(fromFolder.parameters, stateOf(10).parameters);
    assert.deepEqual(fromFile.parameters, stateOf(10).parameters);
    assert.equal(fromFile.manifest, undefined);
  });

  it('of a pretrained encoder go under a new head, which keeps its own', async () => {
    const { path } = await result();
    const { 'decoder.bias': _, 'decoder.weight': __, ...encoder } = PARAMETERS;
    const layout = layoutOf({ ...encoder, 'head.weight': [2, 4] }, STATISTICS);
    const into = {
      parameters: vectorOf(layout.parameterCount, 9),
      statistics: vectorOf(layout.statisticCount, 9),
    };
    const before = into.parameters.slice();
    const loaded = await loadWeights(path, layout, { into });
    assert.deepEqual(loaded.parameters.subarray(0, 20), stateOf(4).parameters.subarray(0, 20));
    assert.deepEqual(loaded.parameters.subarray(20), into.parameters.subarray(20));
    assert.deepEqual(loaded.statistics, stateOf(4).statistics);
    assert.deepEqual(loaded.missing, ['head.weight']);
    assert.deepEqual(loaded.unused, ['decoder.bias', 'decoder.weight']);
    assert.deepEqual(into.parameters, before);
    await assert.rejects(loadWeights(path, layout), { code: 'CHECKPOINT_MISMATCH' });
  });

  it('that share nothing with the model are refused', async () => {
    const { path } = await result();
    const into = { parameters: new Float32Array(1), statistics: new Float32Array(0) };
    await assert.rejects(
      loadWeights(path, layoutOf({ other: [1] }), { into }),
      /they have no tensor in common/,
    );
  });

  it('must be float32', async () => {
    const path = join(folder, 'half.safetensors');
    const tensor = { name: 'w', dtype: 'F16' as const, shape: [2], bytes: new Uint8Array(4) };
    writeFileSync(path, Buffer.concat(encodeSafetensors([tensor])));
    await assert.rejects(loadWeights(path, layoutOf({ w: [2] })), /"w" is F16/);
  });

  it('are not found where there is neither file nor manifest', async () => {
    for (const path of [join(folder, 'absent'), folder]) {
      await assert.rejects(loadWeights(path, LAYOUT), { code: 'CHECKPOINT_NOT_FOUND' });
    }
  });

  it('of a damaged folder are refused', async () => {
    const { path } = await result();
    flip(join(path, 'model.safetensors'), 700);
    await assert.rejects(loadWeights(path, LAYOUT), { code: 'CHECKPOINT_CORRUPT' });
  });
});

it('readCheckpoint refuses vectors without the hash that they were saved with', async () => {
  const { path, manifest } = await save(10);
  const changed = [...LAYOUT.parameters].map((slot) =>
    floatTensor(slot.name, slot.shape, vectorOf(slot.size, 3)),
  );
  const statistics = LAYOUT.statistics.map((slot) =>
    floatTensor(slot.name, slot.shape, vectorOf(slot.size, 3)),
  );
  writeFileSync(
    join(path, 'model.safetensors'),
    Buffer.concat(encodeSafetensors([...changed, ...statistics])),
  );
  await assert.rejects(readCheckpoint({ path, manifest }, LAYOUT), { code: 'CHECKPOINT_CORRUPT' });
});
