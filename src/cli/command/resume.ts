import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { openRunFolder } from '../../checkpoint/run-folder.ts';
import { readRunFacts, startRun } from '../start-run.ts';
import { devicesOf, meetingOf, type PlacementOptions, placementOptions } from './train.ts';

interface ResumeOptions extends PlacementOptions {
  run: string;
}

export const resumeCommand: CommandModule<object, ResumeOptions> = {
  command: 'resume <run>',
  describe: 'Go on with a run from its newest checkpoint, on any number of workers',
  builder: (yargs) =>
    placementOptions(yargs).positional('run', {
      type: 'string',
      demandOption: true,
      describe: 'Folder of the run',
    }) as Argv<ResumeOptions>,
  handler: async (options: ArgumentsCamelCase<ResumeOptions>) => {
    const devices = devicesOf(options);
    const folder = await openRunFolder(options.run);
    try {
      const facts = await readRunFacts(folder.runConfig);
      process.exitCode = await startRun(folder, facts, {
        devices,
        meeting: meetingOf(options),
        resume: true,
      });
    } finally {
      folder.release();
    }
  },
};
