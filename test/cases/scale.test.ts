/** The unit of a measurement does not decide what can be learned. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { runConfig } from './config.ts';
import { COLUMNS, csv, REAL, waves } from './input.ts';
import { Room } from './room.ts';

const UNITS = {
  'of amplitude 1': { scale: 1, offset: 0 },
  'with an offset of 1000': { scale: 1, offset: 1000 },
  'of amplitude 1e-5': { scale: 1e-5, offset: 0 },
  'with an offset of ten million': { scale: 10, offset: 1e7 },
  'with amplitudes among the subnormal numbers': { scale: 1e-42, offset: 0 },
};

describe('two kinds of waves are told apart', () => {
  const room = new Room();
  after(() => room.remove());
  for (const [unit, { scale, offset }] of Object.entries(UNITS)) {
    it(`${unit}, with a finite log-loss`, async () => {
      const name = unit.replaceAll(' ', '-');
      room.write({
        [`${name}.csv`]: csv(waves({ count: 60, classes: ['c0', 'c1'], scale, offset })),
      });
      const shares = ['--shares', '0.5,0.25,0.25'];
      const { store } = await room.imports(`${name}.csv`, ...COLUMNS, ...REAL, ...shares);
      room.write({ [`${name}.yaml`]: runConfig({ store, steps: 60 }) });
      await room.runs('train', `${name}.yaml`, '--run', name);
      const report = JSON.parse((await room.runs('evaluate', name, '--json')).stdout);
      assert.ok(report.accuracy >= 0.9, `accuracy ${report.accuracy}`);
      assert.ok(
        Number.isFinite(report.logLoss) && report.logLoss > 0,
        `log-loss ${report.logLoss}`,
      );
    });
  }
});
