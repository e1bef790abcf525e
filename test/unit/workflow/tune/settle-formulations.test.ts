import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunConfig } from '../../../../src/config/run-config.ts';
import { DEFAULT_FORMULATIONS } from '../../../../src/engine/formulations.ts';
import { loadRunConfig } from '../../../../src/run/config.ts';
import { describeDevice } from '../../../../src/workflow/tune/device-name.ts';
import {
  movedSentence,
  settleFormulations,
  TUNED_FROM_MICRO_BATCHES,
} from '../../../../src/workflow/tune/settle-formulations.ts';
import { fixtureConfig } from '../../../helper/command-line.ts';

const CPU = { kind: 'cpu' } as const;
const HOOKS = { onEvent: () => {} };
const config = loadRunConfig(fixtureConfig('two-phases.yaml'));
const withEngine = (engine: Partial<RunConfig['engine']>): RunConfig => ({
  ...config,
  engine: { ...config.engine, kind: 'compiled', ...engine },
});

describe('the formulations of a run that starts', () => {
  it('are the default where the run is too short to earn the time of a choice', async () => {
    const settled = await settleFormulations(
      withEngine({}),
      TUNED_FROM_MICRO_BATCHES - 1,
      CPU,
      HOOKS,
    );
    assert.deepEqual(settled.engine.formulations, DEFAULT_FORMULATIONS);
    assert.equal(settled.engine.tuned, undefined);
  });

  it('are the default where operations run one by one', async () => {
    const settled = await settleFormulations(withEngine({ kind: 'eager' }), 1e6, CPU, HOOKS);
    assert.deepEqual(settled.engine.formulations, DEFAULT_FORMULATIONS);
  });

  it('are its own where it has them', async () => {
    const formulations = { ...DEFAULT_FORMULATIONS, convolution: 'transposed' } as const;
    const chosen = withEngine({ formulations });
    assert.equal(await settleFormulations(chosen, 1e6, CPU, HOOKS), chosen);
  });

  it('are nothing to choose for the portable engine', async () => {
    const portable = withEngine({ kind: 'portable' });
    assert.equal(await settleFormulations(portable, 1e6, CPU, HOOKS), portable);
  });
});

describe('movedSentence()', () => {
  const tunedOn = (device: string) =>
    withEngine({ tuned: { device, microBatches: [], milliseconds: {} } });

  it('tells where a run was tuned when it goes on elsewhere', () => {
    assert.match(
      movedSentence(tunedOn('an abacus'), CPU)!,
      /timed on an abacus; it keeps them on /,
    );
  });

  it('says nothing on the same device, nor of a run that was not tuned', () => {
    assert.equal(movedSentence(tunedOn(describeDevice(CPU)), CPU), undefined);
    assert.equal(movedSentence(withEngine({}), CPU), undefined);
  });
});
