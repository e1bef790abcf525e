import type { ArgumentsCamelCase, Argv } from 'yargs';
import { formatTable } from '../../core/format.ts';
import type { Formulations } from '../../engine/formulations.ts';
import type { Choice } from '../../workflow/tune/choice-cache.ts';
import { tune } from '../../workflow/tune/tune.ts';
import type { Command } from '../command.ts';
import { type ExtensionOption, extensionOption, extensionsGiven } from '../extension-option.ts';
import { printNext, sameOptions } from '../next.ts';
import { showNotice } from '../show-run.ts';
import { withSignals } from '../with-signals.ts';
import { configOptions } from './train.ts';

interface TuneOptions extends ExtensionOption {
  config: string;
  set: string[];
  gpu: string | undefined;
}

export const tuneCommand: Command<TuneOptions> = {
  builder: (yargs) =>
    extensionOption(configOptions(yargs)).option('gpu', {
      type: 'string',
      describe: 'Number of the GPU to use; CPU when absent',
    }) as Argv<TuneOptions>,
  handler: async (options: ArgumentsCamelCase<TuneOptions>) => {
    const { config, set, gpu } = options;
    const extensions = await extensionsGiven(options);
    const choice = await withSignals((stop) =>
      tune({ config, set, gpu, extensions, ...stop, onEvent: showNotice }),
    );
    process.stdout.write(report(choice));
    printNext(['train', config, ...sameOptions(options)]);
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
