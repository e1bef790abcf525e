import type { ArgumentsCamelCase, Argv } from 'yargs';
import { formatTable } from '../../core/format.ts';
import type { Formulations } from '../../engine/formulations.ts';
import type { Choice } from '../../workflow/tune/choice-cache.ts';
import type { TriedRate } from '../../workflow/tune/learning-rate/choose-rate.ts';
import {
  type LearningRateChoice,
  tuneLearningRate,
} from '../../workflow/tune/learning-rate/tune-learning-rate.ts';
import { tune } from '../../workflow/tune/tune.ts';
import type { Command } from '../command.ts';
import { type ExtensionOption, extensionOption, loadExtensionsGiven } from '../extension-option.ts';
import { printNext, sameOptions } from '../next.ts';
import { showNotice } from '../show-run.ts';
import { withSignals } from '../with-signals.ts';
import { configOptions } from './train.ts';

interface TuneOptions extends ExtensionOption {
  config: string;
  set: string[];
  gpu: string | undefined;
  learningRate: string | undefined;
  workers: number;
}

export const tuneCommand: Command<TuneOptions> = {
  builder: (yargs) =>
    extensionOption(configOptions(yargs))
      .option('gpu', {
        type: 'string',
        describe: 'Number of the GPU to use; CPU when absent',
      })
      .option('learning-rate', {
        type: 'string',
        requiresArg: true,
        describe: 'Try learning rates for this phase instead, in short trainings',
      })
      .option('workers', {
        type: 'number',
        requiresArg: true,
        default: 1,
        describe: 'With --learning-rate: number of worker processes; the result is the same',
      }) as unknown as Argv<TuneOptions>,
  handler: async (options: ArgumentsCamelCase<TuneOptions>) => {
    const { config, set, gpu, learningRate: phase, workers } = options;
    const extensions = await loadExtensionsGiven(options);
    const report = await withSignals(async (stop) => {
      const given = { config, set, extensions, ...stop, onEvent: showNotice };
      if (phase === undefined) return reportFormulations(await tune({ ...given, gpu }));
      const devices = gpu === undefined ? { workers } : { gpus: [gpu] };
      return reportRates(await tuneLearningRate({ ...given, ...devices, phase }));
    });
    process.stdout.write(report);
    printNext(['train', config, ...sameOptions(options)]);
  },
};

function reportFormulations({ formulations, tuned }: Choice): string {
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
  return ['engine:', `  formulations: ${inline(formulations)}`];
}

/** Values as one line of YAML. */
const inline = (values: object): string =>
  `{ ${Object.entries(values)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')} }`;

/** The trials, and the best rate as a line of the phase. */
function reportRates(choice: LearningRateChoice): string {
  const { phase, metric, configured, chosen, learningRate, steps, tried } = choice;
  const isAtEdge = chosen !== configured && [tried[0]!.rate, tried.at(-1)!.rate].includes(chosen);
  const others = [...new Set(['accuracy', metric])].filter((name) =>
    tried.some(({ evaluation }) => name !== 'loss' && evaluation?.[name] !== undefined),
  );
  return [
    `Phase "${phase}", ${steps} steps with each learning rate:`,
    formatTable([
      ['learning rate', 'training loss', 'evaluated: loss', ...others, ''],
      ...tried.map((one) => rowOf(one, configured, others)),
    ]),
    '',
    chosen === configured
      ? `No other rate is better by a twentieth, judged by ${metric}. The line of the phase stays:`
      : `The best rate, judged by ${metric}, as a line of the phase:`,
    `    learningRate: ${inline(learningRate)}`,
    ...(isAtEdge ? ['It is the last one that was tried: set it, and run the command again.'] : []),
    '',
  ].join('\n');
}

function rowOf(
  { rate, trainingLoss, evaluation, isDiverged }: TriedRate,
  configured: number,
  others: readonly string[],
): string[] {
  const figure = (value: number | undefined) => value?.toPrecision(4) ?? '';
  const remarks = [
    ...(rate === configured ? ['configured'] : []),
    ...(isDiverged ? ['diverged'] : []),
  ];
  const values = others.map((name) => evaluation?.[name]);
  const figures = [trainingLoss, evaluation?.loss, ...values].map(figure);
  return [String(rate), ...figures, remarks.join(', ')];
}
