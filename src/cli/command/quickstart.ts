import { quickstart } from '../../workflow/quickstart/quickstart.ts';
import type { Command } from '../command.ts';

export const quickstartCommand: Command<object> = {
  builder: (yargs) => yargs,
  handler: async () => {
    process.exitCode = await quickstart();
  },
};
