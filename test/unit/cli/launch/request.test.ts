import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dryRunText } from '../../../../src/cli/launch/dry-run.ts';
import { lockstepArguments, parseRequest } from '../../../../src/cli/launch/request.ts';

const argumentsFor = async (line: string) =>
  lockstepArguments((await parseRequest(line.split(' ')))!).join(' ');

describe('launch request', () => {
  test('becomes the command line of lockstep', async () => {
    assert.equal(
      await argumentsFor('a.yaml --gpus 0,1 --run r --set a.b=c --set d=1 --dry-run'),
      'train a.yaml --gpus 0,1 --run r --set a.b=c --set d=1',
    );
    assert.equal(await argumentsFor('a.yaml --gpus 0'), 'train a.yaml --gpus 0');
    assert.equal(await argumentsFor('--resume runs/a --workers 3'), 'resume runs/a --workers 3');
    assert.equal(
      await argumentsFor(
        'a.yaml --workers 2 --coordinator-wait 9 --min-workers 2 --max-restarts 0 --transport tcp --simulate kill@rank=1,step=2',
      ),
      'train a.yaml --workers 2 --max-restarts 0 --min-workers 2 --coordinator-wait 9 --transport tcp --simulate kill@rank=1,step=2',
    );
  });

  const REFUSED: readonly [string, RegExp][] = [
    ['--workers 2', /no CONFIG is named/],
    ['a.yaml', /exactly one of --gpus and --workers/],
    ['a.yaml --gpus 0 --workers 2', /exactly one of --gpus and --workers/],
    ['a.yaml --resume r --workers 2', /CONFIG and --resume are both given/],
    ['--resume r --workers 2 --set a=1', /--run and --set belong to a new run/],
    ['a.yaml b.yaml --workers 2', /"b.yaml" follows the configuration/],
    ['a.yaml --workers', /--workers needs a value/],
    ['a.yaml --workers 2 --dryrun', /there is no option --dryrun/],
  ];
  for (const [line, message] of REFUSED) {
    test(`refuses "${line}"`, async () => {
      await assert.rejects(parseRequest(line.split(' ')), { code: 'USAGE', message });
    });
  }
});

describe('dryRunText', () => {
  test('names rank, device and environment of each worker', () => {
    const devices = [
      { kind: 'gpu', id: '1' },
      { kind: 'gpu', id: '0' },
    ] as const;
    const text = dryRunText({
      devices,
      engine: { threadsPerWorker: 2, numerics: 'fast' },
      runFolder: 'r',
    });
    assert.deepEqual(text.split('\n').slice(0, 12), [
      'rank 0  gpu 1',
      '  CUDA_DEVICE_ORDER=PCI_BUS_ID',
      '  CUDA_VISIBLE_DEVICES=1',
      '  LOCKSTEP_RUN_FOLDER=r',
      '  LOCKSTEP_SLOT=0',
      '  LOCKSTEP_WORLD_SIZE=2',
      '  NVIDIA_TF32_OVERRIDE=0',
      '  OMP_NUM_THREADS=2',
      '  TF_CPP_MIN_LOG_LEVEL=2',
      '  TF_ENABLE_ONEDNN_OPTS=1',
      '  TF_FORCE_GPU_ALLOW_GROWTH=true',
      '  TF_NUM_INTEROP_THREADS=2',
    ]);
    assert.match(text, /^rank 1 {2}gpu 0\n(.*\n)* {2}CUDA_VISIBLE_DEVICES=0$/m);
  });
});
