/** The program that a coordinator process runs, as the child of `lockstep train` or `lockstep resume`. */

import type { CoordinatorOutcome } from '../../coordinator/machine.ts';
import { runCoordinator } from '../../coordinator/server.ts';
import { runSupervised, type Supervised } from '../../coordinator/supervisor/child.ts';
import { guardOutputs } from '../../launch/outputs.ts';
import { HANG_MS } from '../../protocol/timing.ts';
import { runPaths } from '../../run/folder.ts';
import type { CoordinatorEvent } from '../../telemetry/coordinator-event.ts';
import { openLog } from '../../telemetry/log.ts';
import { lastLines, openMetrics } from '../../telemetry/metrics.ts';
import { readerEvent } from '../../telemetry/reader-event.ts';
import { readCoordinatorTask } from './coordinator-task.ts';
import { keyOfEvent, recordedBefore } from './recorded-before.ts';
import { recordEvent } from './run-files.ts';

async function coordinate({ options, task, loss, tell }: Supervised): Promise<CoordinatorOutcome> {
  const { runFolder, configHash, dataHash, totalSteps, elasticity, xla } =
    readCoordinatorTask(task);
  const paths = runPaths(runFolder);
  const log = openLog(paths.logs, 'coordinator');
  const metrics = openMetrics(paths.metrics);
  const { takeOver } = options;
  const recorded = new Set(
    takeOver && recordedBefore(lastLines(paths.metrics), takeOver.succession.journal),
  );
  const onEvent = (event: CoordinatorEvent) => {
    if (event.kind === 'status') log[event.isWarning ? 'warn' : 'info'](event.text);
    const key = keyOfEvent(event);
    if (key === undefined || !recorded.delete(key)) recordEvent(metrics, event);
    const told = readerEvent(event);
    if (told !== undefined) tell(told);
  };
  try {
    if (loss !== null) onEvent({ kind: 'status', text: loss, isWarning: true });
    return await runCoordinator({
      ...options,
      expected: { configHash, dataHash },
      totalSteps,
      onEvent,
      elasticity,
      ...(xla && { shortestHangMs: HANG_MS }),
    });
  } finally {
    if (metrics.lost > 0) {
      const text = `${metrics.lost} lines of metrics.jsonl could not be written.`;
      log.warn(text);
      tell({ kind: 'warning', text });
    }
    await metrics.close();
    await log.close();
  }
}

guardOutputs();
await runSupervised(coordinate);
