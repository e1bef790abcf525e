import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { StepReport } from '../../src/cli/bench/step-bench.ts';
import { Workplace } from '../helper/command-line.ts';
import { whereTensorflowIs } from '../helper/tensorflow.ts';

describe('lockstep bench step', () => {
  const place = new Workplace();
  after(() => place.remove());

  it(
    'times every shape with both engines, against what the machine can do',
    whereTensorflowIs,
    async () => {
      const options = ['--models', 'reference', '--threads', '1', '--rounds', '1', '--json'];
      const { code, stdout, stderr } = await place.run('bench', 'step', ...options);
      assert.equal(code, 0, stderr);
      const report = JSON.parse(stdout) as StepReport;
      assert.equal(report.rows.length, 7);
      for (const { timings, tokensPerSecond, shareOfPeak } of report.rows) {
        assert.deepEqual(Object.keys(timings), ['compiled', 'eager']);
        for (const { minimum, median, maximum } of Object.values(timings)) {
          assert.ok(0 < minimum && minimum <= median && median <= maximum);
        }
        assert.ok(tokensPerSecond > 0 && shareOfPeak > 0);
      }
      assert.ok(report.limits[1]!.flopsPerSecond > 1e9);
      assert.match(report.engine.engine, /^tensorflow-compiled$/);
    },
  );

  it('answers a model, a thread count and a peer that are none', async () => {
    const model = await place.run('bench', 'step', '--models', 'reference,transformer');
    assert.equal(model.code, 2);
    assert.match(model.stderr, /--models has "transformer", which is none of reference, dilated\./);
    const threads = await place.run('bench', 'step', '--threads', 'two');
    assert.equal(threads.code, 2);
    assert.match(threads.stderr, /--threads has "two", which is not a number of threads\./);
    const peer = ['--threads', '1', '--rounds', '1', '--peer', 'no-such-python'];
    const absent = await place.run('bench', 'step', ...peer);
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /"PyTorch" cannot be started: .*no-such-python/);
  });
});
