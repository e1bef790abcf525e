import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { Command } from '../command.ts';
import { type ExtensionOption, extensionOption, loadExtensionsGiven } from '../extension-option.ts';
import { nextOfRun } from '../next.ts';
import { showRun } from '../show-run.ts';
import { clusterGiven, type PlacementOptions, placementOptions } from './train.ts';

interface ResumeOptions extends PlacementOptions, ExtensionOption {
  run: string;
}

export const resumeCommand: Command<ResumeOptions> = {
  builder: (yargs) =>
    extensionOption(placementOptions(yargs)).positional('run', {
      type: 'string',
      demandOption: true,
      describe: 'Folder of the run',
    }) as Argv<ResumeOptions>,
  handler: async (options: ArgumentsCamelCase<ResumeOptions>) => {
    const cluster = clusterGiven(options);
    const extensions = await loadExtensionsGiven(options);
    const { resume } = await import('../../workflow/train/resume.ts');
    process.exitCode = await showRun(
      (hooks) => resume({ ...cluster, runFolder: options.run, extensions, ...hooks }),
      (outcome) => nextOfRun(outcome, options.extension),
    );
  },
};
