import type { ArgumentsCamelCase, Argv } from 'yargs';
import { LockstepError } from '../../core/errors.ts';
import type { Command } from '../command.ts';
import { type ExtensionOption, extensionOption, loadExtensionsGiven } from '../extension-option.ts';
import { showNotice } from '../show-run.ts';
import { withSignals } from '../with-signals.ts';
import { configOptions } from './train.ts';

interface PlanClusterOptions extends ExtensionOption {
  config: string;
  set: string[];
  hosts: number;
  gpus: number | undefined;
  workers: number | undefined;
  gbps: number;
  delayMs: number;
  cores: number | undefined;
  tokensPerSecond: number | undefined;
  from: string | undefined;
  json: boolean;
}

/** Inside a room of machines. */
const DEFAULT_DELAY_MS = 0.05;

export const planClusterCommand: Command<PlanClusterOptions> = {
  builder: (yargs) =>
    extensionOption(configOptions(yargs))
      .option('hosts', {
        type: 'number',
        requiresArg: true,
        default: 1,
        describe: 'Number of hosts; smaller numbers are predicted, too',
      })
      .option('gpus', { type: 'number', requiresArg: true, describe: 'GPUs of each host' })
      .option('workers', {
        type: 'number',
        requiresArg: true,
        describe: 'Workers of each host on its CPU instead',
      })
      .option('gbps', {
        type: 'number',
        requiresArg: true,
        demandOption: true,
        describe: "Bandwidth of a host's network, in Gbit/s",
      })
      .option('delay-ms', {
        type: 'number',
        requiresArg: true,
        default: DEFAULT_DELAY_MS,
        describe: 'From one host to another: half of what ping shows',
      })
      .option('cores', {
        type: 'number',
        requiresArg: true,
        describe: 'CPU cores of each host [default: those of this one]',
      })
      .option('tokens-per-second', {
        type: 'number',
        requiresArg: true,
        describe: 'Timesteps that a worker computes in a second, instead of measuring it here',
      })
      .option('from', {
        type: 'string',
        requiresArg: true,
        describe: 'Folder of a run that has recorded how fast workers compute, instead',
      })
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .conflicts('gpus', 'workers')
      .conflicts('from', 'tokens-per-second') as unknown as Argv<PlanClusterOptions>,
  handler: async (options: ArgumentsCamelCase<PlanClusterOptions>) => {
    const { config, set, hosts, gpus, workers, gbps, json } = options;
    const { delayMs, cores, tokensPerSecond, from } = options;
    const workersPerHost = gpus ?? workers;
    if (workersPerHost === undefined) {
      throw new LockstepError(
        'USAGE',
        'Cannot plan a cluster without its workers: neither --gpus nor --workers is given.',
        'Say how many GPUs each host has, such as --gpus 8.',
      );
    }
    const extensions = await loadExtensionsGiven(options);
    const { planCluster } = await import('../../sizing/plan-cluster.ts');
    const plan = await withSignals((stop) =>
      planCluster({
        ...{ config, set, extensions, hosts, workersPerHost, onGpus: gpus !== undefined },
        ...{ gigabitsPerSecond: gbps, delayMs, cores, tokensPerSecond, from },
        ...stop,
        onEvent: showNotice,
      }),
    );
    const { planText } = await import('../../sizing/plan-text.ts');
    process.stdout.write(json ? `${JSON.stringify(plan, null, 2)}\n` : planText(plan));
  },
};
