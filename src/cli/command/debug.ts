import type { ArgumentsCamelCase, Argv } from 'yargs';
import { EXIT } from '../../core/errors.ts';
import { inEngineProcess } from '../../launch/engine-process.ts';
import { debugConfig, debugRun, type LayerReport } from '../../workflow/train/debug-run.ts';
import { type RunHooks, withGuardedHooks } from '../../workflow/train/hooks.ts';
import { resolveRunConfig } from '../../workflow/train/resolve-config.ts';
import type { Command } from '../command.ts';
import { type ExtensionOption, extensionOption, loadExtensionsGiven } from '../extension-option.ts';
import { layerTable } from '../layer-table.ts';
import { sameOptions } from '../next.ts';
import { showRun } from '../show-run.ts';
import { configOptions } from './train.ts';

interface DebugOptions extends ExtensionOption {
  config: string;
  set: string[];
  run: string | undefined;
  steps: number | undefined;
  gpu: string | undefined;
}

export const debugCommand: Command<DebugOptions> = {
  builder: (yargs) =>
    extensionOption(configOptions(yargs))
      .option('run', { type: 'string', describe: 'Keep the run in this folder' })
      .option('steps', { type: 'number', describe: 'Train only the first N global steps' })
      .option('gpu', {
        type: 'string',
        describe: 'Number of the GPU to use; CPU when absent',
      }) as Argv<DebugOptions>,
  handler: async (options: ArgumentsCamelCase<DebugOptions>) => {
    await loadExtensionsGiven(options);
    const config = debugConfig(resolveRunConfig(options));
    const { run: runFolder, steps } = options;
    const request = { config, runFolder, steps, onLayers: showLayers };
    const start = (hooks: RunHooks) =>
      withGuardedHooks(hooks, (guarded) => debugRun(request, guarded));
    const next = () => ['train', options.config, ...sameOptions(options)];
    process.exitCode = await inEngineProcess(config.engine, options.gpu, () =>
      showRun(start, ({ exitCode }) => (exitCode === EXIT.done ? next() : undefined)),
    );
  },
};

function showLayers({ ranges, layout, receptiveField, totalSteps }: LayerReport): void {
  process.stdout.write(
    `${layerTable(ranges, layout)}\n${layout.parameterCount} parameters, receptive field ` +
      `${Number.isFinite(receptiveField) ? receptiveField : 'all'} timesteps, ${totalSteps} global steps\n`,
  );
}
