/** The program that a coordinator process runs, as the child of `lockstep train` or `lockstep resume`. */

import { hashConfig } from '../../config/load.ts';
import type { CoordinatorOutcome } from '../../coordinator/machine.ts';
import { runCoordinator } from '../../coordinator/server.ts';
import { runSupervised, type Supervised } from '../../coordinator/supervisor/child.ts';
import { HANG_MS } from '../../protocol/timing.ts';
import { readRunConfig, runPaths } from '../../run/folder.ts';
import type { CoordinatorEvent } from '../../telemetry/coordinator-event.ts';
import { openLog } from '../../telemetry/log.ts';
import { openMetrics } from '../../telemetry/metrics.ts';
import { readerEvent } from '../../telemetry/reader-event.ts';
import { readCoordinatorTask } from './coordinator-task.ts';
import { recordEvent } from './run-files.ts';

async function coordinate({ options, task, loss, tell }: Supervised): Promise<CoordinatorOutcome> {
  const { runFolder, dataHash, totalSteps, elasticity } = readCoordinatorTask(task);
  const paths = runPaths(runFolder);
  const log = openLog(paths.logs, 'coordinator');
  const metrics = openMetrics(paths.metrics);
  const onEvent = (event: CoordinatorEvent) => {
    if (event.kind === 'status') log[event.isWarning ? 'warn' : 'info'](event.text);
    recordEvent(metrics, event);
    const told = readerEvent(event);
    if (told !== undefined) tell(told);
  };
  try {
    if (loss !== null) onEvent({ kind: 'status', text: loss, isWarning: true });
    const config = readRunConfig(runFolder);
    return await runCoordinator({
      ...options,
      expected: { configHash: hashConfig(config), dataHash },
      totalSteps,
      onEvent,
      elasticity,
      // XLA compiles each new shape, however late it comes.
      ...(config.engine.xla && { shortestHangMs: HANG_MS }),
    });
  } finally {
    await metrics.close();
    await log.close();
  }
}

await runSupervised(coordinate);
