/** Benchmarks that take longer, in their shortest form. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import type { StepReport } from '../../src/bench/step-bench.ts';
import { Workplace } from '../helper/command-line.ts';
import { whereTensorflowIs } from '../helper/tensorflow.ts';

describe('lockstep bench', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('data prints a table for each part, and says what the Python lacks', async () => {
    const python = place.path('python');
    writeFileSync(python, '#!/bin/sh\ntest "$1" = --version || exit 3\n', { mode: 0o755 });
    const options = ['--quick', '--parts', 'import,plan,padding', '--peer', python];
    const { code, stdout, stderr } = await place.run('bench', 'data', ...options);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^\| CSV, values in one cell \| 1 \| .+ \| not measured: no Python that has the module \| {2}\|$/m,
    );
    assert.match(stdout, /^\| Parquet, a list column \| \d+ \|/m);
    assert.match(stdout, /^\| 1\.0 M sequences \| \d+\.\d\d \| \d+\.\d{3} \| \d+ \|$/m);
    assert.match(stdout, /^\| Lockstep, batch\.lengthRatio: 1\.02 \| 1\.\d\d % \|/m);
  });

  it(
    'step times every shape with both engines, against what the machine can do',
    whereTensorflowIs,
    async () => {
      const options = ['--models', 'reference', '--threads', '1', '--rounds', '1', '--json'];
      const { code, stdout, stderr } = await place.run('bench', 'step', ...options);
      assert.equal(code, 0, stderr);
      const report = JSON.parse(stdout) as StepReport;
      assert.equal(report.rows.length, 7);
      for (const { timings, peakBytes, tokensPerSecond, shareOfPeak } of report.rows) {
        assert.deepEqual(Object.keys(timings), ['compiled', 'eager']);
        assert.deepEqual(Object.keys(peakBytes), ['compiled', 'eager']);
        for (const bytes of Object.values(peakBytes)) assert.ok(5e7 < bytes && bytes < 4e9);
        for (const { minimum, median, maximum } of Object.values(timings)) {
          assert.ok(0 < minimum && minimum <= median && median <= maximum);
        }
        assert.ok(tokensPerSecond > 0 && shareOfPeak > 0);
      }
      assert.ok(report.limits[1]!.flopsPerSecond > 1e9);
      assert.match(report.engine.engine, /^tensorflow-compiled$/);
    },
  );
});
