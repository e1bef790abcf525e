/** The program that a coordinator process runs, as the child of `lockstep train` or `lockstep resume`. */

import { hashConfig } from '../../config/load.ts';
import type { RunOutcome } from '../../coordinator/machine.ts';
import { runCoordinator } from '../../coordinator/server.ts';
import { runSupervised, type SupervisedOptions } from '../../coordinator/supervisor/child.ts';
import { outliveReader } from '../../launch/closed-pipe.ts';
import { HANG_MS } from '../../protocol/timing.ts';
import { readRunConfig, runPaths } from '../../run/folder.ts';
import { openLog } from '../../telemetry/log.ts';
import { openMetrics } from '../../telemetry/metrics.ts';
import { openProgressDisplay } from '../../telemetry/progress-bar.ts';
import type { RunEvent } from '../../telemetry/run-event.ts';
import { type CoordinatorTask, readCoordinatorTask } from './coordinator-task.ts';
import { recordEvent } from './run-files.ts';

async function coordinate(
  options: SupervisedOptions,
  { runFolder, dataHash, totalSteps, elasticity }: CoordinatorTask,
  loss: string | null,
): Promise<RunOutcome> {
  const paths = runPaths(runFolder);
  const log = openLog(paths.logs, 'coordinator');
  const metrics = openMetrics(paths.metrics);
  const display = openProgressDisplay(totalSteps);
  const onEvent = (event: RunEvent) => {
    if (event.kind === 'status') log[event.isWarning ? 'warn' : 'info'](event.text);
    recordEvent(metrics, event);
    display.show(event);
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
    display.stop();
    await metrics.close();
    await log.close();
  }
}

outliveReader(process.stderr);
await runSupervised((options, task, loss) => coordinate(options, readCoordinatorTask(task), loss));
