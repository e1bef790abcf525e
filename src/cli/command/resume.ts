import type { ArgumentsCamelCase, Argv } from 'yargs';
import { openRunFolder } from '../../run/folder.ts';
import type { Command } from '../command.ts';
import {
  devicesOf,
  elasticityOf,
  type PlacementOptions,
  placementOptions,
  rendezvousOf,
} from './train.ts';

interface ResumeOptions extends PlacementOptions {
  run: string;
}

export const resumeCommand: Command<ResumeOptions> = {
  builder: (yargs) =>
    placementOptions(yargs).positional('run', {
      type: 'string',
      demandOption: true,
      describe: 'Folder of the run',
    }) as Argv<ResumeOptions>,
  handler: async (options: ArgumentsCamelCase<ResumeOptions>) => {
    const devices = devicesOf(options);
    const elasticity = elasticityOf(options, devices.length);
    const folder = await openRunFolder(options.run);
    try {
      const { readRunFacts, startRun } = await import('../../workflow/train/start-run.ts');
      const { movedSentence } = await import('../../workflow/tune/settle-formulations.ts');
      const moved = movedSentence(folder.runConfig, devices[0]!);
      if (moved !== undefined) process.stderr.write(`${moved}\n`);
      const facts = await readRunFacts(folder.runConfig);
      process.exitCode = await startRun(folder, facts, {
        devices,
        rendezvous: rendezvousOf(options),
        elasticity,
        resume: true,
      });
    } finally {
      folder.release();
    }
  },
};
