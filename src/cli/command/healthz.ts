import type { ArgumentsCamelCase, Argv } from 'yargs';
import { probeAgents } from '../../cluster/probe.ts';
import { EXIT } from '../../core/errors.ts';
import type { Command } from '../command.ts';

interface HealthzOptions {
  run: string;
  timeout: number;
}

export const healthzCommand: Command<HealthzOptions> = {
  builder: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Folder of the run' })
      .option('timeout', {
        type: 'number',
        requiresArg: true,
        default: 5,
        describe: 'Seconds within which its process must answer',
      }) as Argv<HealthzOptions>,
  handler: async ({ run, timeout }: ArgumentsCamelCase<HealthzOptions>) => {
    const { alive, silent } = await probeAgents(run, timeout * 1000);
    if (silent === 0 && alive.length > 0) {
      process.stdout.write(`Process ${alive.join(', ')} trains in "${run}".\n`);
      return;
    }
    process.stderr.write(
      silent > 0
        ? `A process of this host that trains in "${run}" gave no answer within ${timeout} s.\n`
        : `No process of this host trains in "${run}".\n`,
    );
    process.exitCode = EXIT.unexpected;
  },
};
