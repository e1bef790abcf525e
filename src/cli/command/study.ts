import type { ArgumentsCamelCase, Argv } from 'yargs';
import { LockstepError } from '../../core/errors.ts';
import { commandLine } from '../../core/program-name.ts';
import { offerOnStdout } from '../../launch/outputs.ts';
import { describeExtent } from '../../study/extent.ts';
import { loadStudyConfig } from '../../study/load-study.ts';
import { STUDY_TEMPLATE, study, studyFolds } from '../../study/study.ts';
import type { Command } from '../command.ts';
import { type ExtensionOption, extensionOption, loadExtensionsGiven } from '../extension-option.ts';
import { printNext } from '../next.ts';
import { showNotice } from '../show-run.ts';
import { withSignals } from '../with-signals.ts';
import { type DeviceOptions, deviceOptions, devicesGiven } from './train.ts';

const MINUTES = 20;

interface StudyOptions extends DeviceOptions, ExtensionOption {
  what: string | undefined;
  grid: string | undefined;
  minutes: number;
  folds: number | undefined;
  out: string | undefined;
  set: string[];
  yes: boolean;
}

export const studyCommand: Command<StudyOptions> = {
  builder: (yargs) =>
    extensionOption(deviceOptions(yargs))
      .positional('what', {
        type: 'string',
        describe: 'Folder of a dataset, or a YAML file: datasets, networks, pretexts, labels',
      })
      .option('grid', {
        type: 'string',
        describe:
          'For a dataset: the YAML file whose networks to try [default: configs/study.yaml, configs/study-numbers.yaml for real values]',
      })
      .option('minutes', {
        type: 'number',
        default: MINUTES,
        describe: 'For a dataset: how long it may take on this machine',
      })
      .option('folds', {
        type: 'number',
        describe:
          'For a small dataset: k folds, each of which is tested once, within --minutes in all',
      })
      .option('out', { type: 'string', describe: 'Folder of the study [default: runs/<name>]' })
      .option('set', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Change a value of the file: --set test.crop=4096',
      })
      .option('yes', {
        type: 'boolean',
        default: false,
        describe: 'Start the packaged grid, which is neither named nor sized to --minutes',
      }) as unknown as Argv<StudyOptions>,
  handler: async (options: ArgumentsCamelCase<StudyOptions>) => {
    const { set, minutes, out: folder, yes } = options;
    const { config, data } = subjectOf(options);
    const extensions = await loadExtensionsGiven(options);
    if (config === undefined && data === undefined && !yes) throw notAskedFor(set);
    const request = { extensions, config, set, data, minutes, folder, ...devicesGiven(options) };
    if (options.folds !== undefined) return await inFolds(request, options.folds);
    const { answers, winner, markdown, page } = await withSignals((stop) =>
      study({ ...request, ...stop, onEvent: showNotice }),
    );
    for (const { question, sentence } of answers) {
      offerOnStdout(`${question}\n  ${sentence}\n`);
    }
    offerOnStdout(`\nWritten: ${markdown} and ${page}\n`);
    if (winner === undefined) return;
    const { runFolder, phase, fitAgain } = winner;
    const which = phase === undefined ? '' : `, phase ${phase}`;
    offerOnStdout(`The best model is ready: ${runFolder}${which}.\n`);
    if (fitAgain !== undefined) {
      offerOnStdout(`To fit it to all labels: ${commandLine(...fitAgain)}\n`);
    }
    printNext(['evaluate', runFolder, ...(phase === undefined ? [] : ['--phase', phase])]);
  },
};

type FoldsRequest = Omit<Parameters<typeof study>[0], 'data'> & { data: string | undefined };

async function inFolds({ data, ...request }: FoldsRequest, folds: number): Promise<void> {
  if (data === undefined) throw foldsOfNothing();
  const { fit, markdown, list } = await withSignals((stop) =>
    studyFolds({ ...request, data, folds, ...stop, onEvent: showNotice }),
  );
  offerOnStdout(`Written: ${markdown}, and ${list} with the fold of each sequence\n`);
  if (fit !== undefined) printNext([fit, data]);
}

function foldsOfNothing(): LockstepError {
  return new LockstepError(
    'USAGE',
    '--folds is for a dataset: a grid names its own data.',
    `Name the dataset: "${commandLine('study', 'data/mine', '--folds', '5')}".`,
  );
}

/** A YAML file is a grid; anything else is a dataset, or meant to be. */
function subjectOf({ what, grid }: StudyOptions): { config?: string; data?: string } {
  const isDataset = what !== undefined && !/\.ya?ml$/i.test(what);
  const config = isDataset ? grid : (what ?? grid);
  return { ...(config !== undefined && { config }), ...(isDataset && { data: what }) };
}

/** Hours of training do not start by a word. */
function notAskedFor(set: readonly string[]): LockstepError {
  return new LockstepError(
    'USAGE',
    `This would run the packaged grid, configs/study.yaml: ${describeExtent(loadStudyConfig(STUDY_TEMPLATE, set))}.`,
    `Give --yes to start it, or study your own data: "${commandLine('study', 'data/mine')}".`,
  );
}
