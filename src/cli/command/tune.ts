import type { ArgumentsCamelCase, Argv } from 'yargs';
import { EXIT, LockstepError } from '../../core/errors.ts';
import { formatTable } from '../../core/format.ts';
import type { Formulations } from '../../engine/formulations.ts';
import { cpuDevices, gpuDevices } from '../../launch/device.ts';
import { inEngineProcess } from '../../launch/engine-process.ts';
import { readRunFacts } from '../../workflow/train/start-run.ts';
import type { Choice } from '../../workflow/tune/choice-cache.ts';
import { tuneRun } from '../../workflow/tune/tune-run.ts';
import type { Command } from '../command.ts';
import { configOptions, loadConfigHere } from './train.ts';

interface TuneOptions {
  config: string;
  set: string[];
  gpu: string | undefined;
}

export const tuneCommand: Command<TuneOptions> = {
  builder: (yargs) =>
    configOptions(yargs).option('gpu', {
      type: 'string',
      describe: 'Number of the GPU to use; CPU when absent',
    }) as Argv<TuneOptions>,
  handler: async (options: ArgumentsCamelCase<TuneOptions>) => {
    const config = loadConfigHere(options);
    if (config.engine.kind === 'portable') {
      throw new LockstepError(
        'USAGE',
        'The portable engine has one way to compute each operation: there is nothing to choose.',
        'Set up TensorFlow (`npm run setup`), or train without tuning.',
      );
    }
    process.exitCode = await inEngineProcess(config.engine, options.gpu, async () => {
      await readRunFacts(config);
      const [device] = options.gpu === undefined ? cpuDevices(1) : gpuDevices(options.gpu);
      const say = (sentence: string) => process.stderr.write(`${sentence}\n`);
      const choice = await tuneRun(config, { device: device!, refresh: true, say });
      process.stdout.write(report(choice));
      return EXIT.done;
    });
  },
};

function report({ formulations, tuned }: Choice): string {
  const rows = Object.entries(tuned.milliseconds).map(([name, times]) => [
    name,
    ...times.map((milliseconds) => milliseconds.toFixed(1)),
  ]);
  return [
    `Gradients of micro-batches of ${tuned.microBatches.join(', ')} together:`,
    formatTable([['formulations', 'lower quartile, ms', 'median', 'upper quartile'], ...rows]),
    '',
    'The choice here, for the configuration (a run of "auto" makes it, too):',
    ...snippet(formulations),
    '',
  ].join('\n');
}

function snippet(formulations: Formulations): string[] {
  const values = Object.entries(formulations).map(([key, value]) => `${key}: ${value}`);
  return ['engine:', `  formulations: { ${values.join(', ')} }`];
}
