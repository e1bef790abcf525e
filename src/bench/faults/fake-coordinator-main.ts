/** The coordinator process of a run with fake workers; argv[2]: how many milliseconds it takes to load. */
import { DEFAULT_ELASTICITY } from '../../coordinator/elasticity.ts';
import { runCoordinator } from '../../coordinator/server.ts';
import { runSupervised } from '../../coordinator/supervisor/child.ts';
import type { FakeRun } from './fake-run.ts';

const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.argv[2]));

await runSupervised(async ({ options, task, loss }) => {
  const run = task as unknown as FakeRun;
  if (loss !== null) say({ kind: 'status', text: loss, isWarning: true });
  return await runCoordinator({
    ...options,
    expected: { configHash: 'config' },
    totalSteps: run.totalSteps,
    elasticity: { ...DEFAULT_ELASTICITY, ...run.elasticity },
    ...(run.healthyMs !== undefined && { healthyMs: run.healthyMs }),
    ...(run.shortestHangMs !== undefined && { shortestHangMs: run.shortestHangMs }),
    ...(run.hangMs !== undefined && { hangMs: run.hangMs }),
    ...(run.quietMs !== undefined && { quietMs: run.quietMs }),
    onEvent: say,
  });
});
