import type { ArgumentsCamelCase, Argv } from 'yargs';
import { EXIT, LockstepError } from '../../core/errors.ts';
import { formatTable } from '../../core/format.ts';
import { openStore } from '../../data/format/open-store.ts';
import { describeFormulations, type Formulations } from '../../engine/formulations.ts';
import type { Command } from '../command.ts';
import { inEngineProcess } from '../engine-process.ts';
import { readRunFacts } from '../start-run.ts';
import { measureFormulations, type TuneResult } from '../tune/measure-formulations.ts';
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
      const store = await openStore(config.data.store);
      try {
        process.stdout.write(report(await measureFormulations(config, store)));
      } finally {
        await store.close();
      }
      return EXIT.done;
    });
  },
};

function report({ fastest, timed, shapes }: TuneResult): string {
  const batches = shapes.map(([rows, length]) => `${rows} × ${length}`).join(', ');
  const rows = timed.map(({ formulations, milliseconds }) => [
    describeFormulations(formulations),
    milliseconds.toFixed(1),
  ]);
  return [
    `Gradients of micro-batches of ${batches}, medians added up:`,
    formatTable([['formulations', 'ms'], ...rows]),
    '',
    'The fastest here, for the configuration:',
    ...snippet(fastest),
    '',
  ].join('\n');
}

function snippet(formulations: Formulations): string[] {
  const values = Object.entries(formulations).map(([key, value]) => `${key}: ${value}`);
  return ['engine:', `  formulations: { ${values.join(', ')} }`];
}
