import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { RunConfig } from '../../config/run-config.ts';
import { EXIT } from '../../core/errors.ts';
import { exitCodeOfSignal } from '../../core/stop-signal.ts';
import type { ActivationRange } from '../../engine/engine.ts';
import { inEngineProcess } from '../../launch/engine-process.ts';
import { createRunFolder, type RunFolder } from '../../run/folder.ts';
import { loadMicroBatch } from '../../run/loader/load-micro-batch.ts';
import { openMetrics } from '../../telemetry/metrics.ts';
import { openProgressDisplay, type ProgressDisplay } from '../../telemetry/progress-bar.ts';
import { openLocalComm } from '../../worker/comm/local-comm.ts';
import { type ReadyWorker, runWorker } from '../../worker/run-worker.ts';
import { recordEvent } from '../../workflow/train/run-files.ts';
import { concludeRun } from '../../workflow/train/run-summary.ts';
import { readRunFacts } from '../../workflow/train/start-run.ts';
import { withDefaultFormulations } from '../../workflow/tune/settle-formulations.ts';
import type { Command } from '../command.ts';
import { layerTable, refuseNonFiniteModel } from '../layer-table.ts';
import { configOptions, loadConfigHere } from './train.ts';

interface DebugOptions {
  config: string;
  set: string[];
  run: string | undefined;
  gpu: string | undefined;
}

export const debugCommand: Command<DebugOptions> = {
  builder: (yargs) =>
    configOptions(yargs)
      .option('run', { type: 'string', describe: 'Keep the run in this folder' })
      .option('gpu', {
        type: 'string',
        describe: 'Number of the GPU to use; CPU when absent',
      }) as Argv<DebugOptions>,
  handler: async (options: ArgumentsCamelCase<DebugOptions>) => {
    const config = withDefaultFormulations(runEagerly(loadConfigHere(options)));
    process.exitCode = await inEngineProcess(config.engine, options.gpu, async () => {
      await readRunFacts(config);
      const path = options.run ?? join(mkdtempSync(join(tmpdir(), 'lockstep-debug-')), config.name);
      const folder = createRunFolder(path, config);
      try {
        return await debugIn(folder, options.run !== undefined);
      } finally {
        folder.release();
        if (options.run === undefined) rmSync(join(path, '..'), { recursive: true });
      }
    });
  },
};

/** Operation by operation, so that what is not finite can be traced to its layer. */
function runEagerly(config: RunConfig): RunConfig {
  const { engine } = config;
  return engine.kind === 'compiled' ? { ...config, engine: { ...engine, kind: 'eager' } } : config;
}

/** @param isKept whether the folder stays when the command ends */
async function debugIn(folder: RunFolder, isKept: boolean): Promise<number> {
  const metrics = openMetrics(folder.metrics);
  let display: ProgressDisplay | undefined;
  const comm = openLocalComm((event) => {
    recordEvent(metrics, event);
    display?.show(event);
  });
  try {
    const end = await runWorker({
      config: folder.runConfig,
      comm,
      runFolder: folder.path,
      resume: false,
      onWarning: (sentence) => console.error(`Warning: ${sentence}`),
      onReady: async (ready) => {
        await showLayers(ready);
        display = openProgressDisplay(ready.run.schedule.totalSteps);
      },
    });
    display?.stop();
    console.log(`state ${end.stateHash} after step ${end.globalStep}`);
    const signal = comm.stopSignal;
    return await concludeRun(folder, {
      code: signal === null ? EXIT.done : exitCodeOfSignal(signal),
      reason: signal === null ? 'All steps are done.' : `Ended by ${signal}.`,
      globalStep: end.globalStep,
      stateHash: end.stateHash,
      isKept,
    });
  } finally {
    display?.stop();
    await comm.close();
    await metrics.close();
  }
}

/** One training forward pass over the first micro-batch of each phase, before any training. */
async function showLayers({ run, engine, store, start }: ReadyWorker): Promise<void> {
  const ranges: ActivationRange[] = [];
  for (const [phase, { program }] of run.phases.entries()) {
    const first = { kind: 'training', phase, stepInPhase: 0, microBatch: 0 } as const;
    const batch = await loadMicroBatch(store, run.phases, first);
    const session = engine.session(program);
    try {
      session.load(start.state);
      ranges.push(...session.inspect(batch).filter(({ layer }) => !isListed(ranges, layer)));
    } finally {
      session.dispose();
    }
  }
  console.log(layerTable(ranges, run.layout));
  console.log(
    `${run.layout.parameterCount} parameters, receptive field ${run.model.receptiveField} timesteps, ` +
      `${run.schedule.totalSteps} global steps`,
  );
  refuseNonFiniteModel(start.state.parameters, run.layout, ranges);
}

/** Phases differ by their heads only. */
function isListed(ranges: readonly ActivationRange[], layer: string): boolean {
  return ranges.some((range) => range.layer === layer);
}
