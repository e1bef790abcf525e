import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { LockstepError } from '../../core/errors.ts';
import { installedPath } from '../../core/program-name.ts';
import { offerOnStdout } from '../../launch/outputs.ts';
import type { OnSignal } from '../../workflow/placement.ts';
import type { Command } from '../command.ts';
import { type ExtensionOption, extensionOption, loadExtensionsGiven } from '../extension-option.ts';
import { repeated } from '../next.ts';
import { configOptions } from './train.ts';

interface LaunchOptions extends ExtensionOption {
  config: string;
  set: string[];
  slurm: boolean;
  run: string | undefined;
  nodes: number | undefined;
  array: number | undefined;
  gpusPerNode: number | undefined;
  time: string | undefined;
  partition: string | undefined;
  account: string | undefined;
  sbatch: string[];
  workers: number | undefined;
  minWorkers: number | undefined;
  maxRestarts: number | undefined;
  coordinatorWait: number | undefined;
  hostsWait: number | undefined;
  onSignal: OnSignal | undefined;
  simulate: string[];
  dryRun: boolean;
}

/** Options that `lockstep train` gets as they are. */
const PASSED_ON = {
  workers: 'CPU workers on each node, where it has no GPUs [default: 1]',
  'min-workers': 'With fewer the run waits for a restart, then saves and stops',
  'max-restarts': 'Restarts in a row of a lost worker before it is left out',
  'coordinator-wait': 'Seconds that workers wait for another coordinator when theirs died',
  'hosts-wait': 'Seconds within which all hosts must be there',
} as const;

export const launchCommand: Command<LaunchOptions> = {
  builder: (yargs) => {
    const slurm = slurmOptions(extensionOption(configOptions(yargs)));
    for (const [name, describe] of Object.entries(PASSED_ON)) {
      slurm.option(name, { type: 'number', requiresArg: true, describe });
    }
    return slurm
      .option('on-signal', {
        choices: ['stop', 'leave'],
        requiresArg: true,
        describe:
          'What a job that is taken away does: the run saves and stops, or goes on without it [default: leave in an array, else stop]',
      })
      .option('simulate', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Inject a fault into a worker, as for train',
      })
      .option('dry-run', {
        type: 'boolean',
        default: false,
        describe: 'Print the script and submit nothing',
      }) as unknown as Argv<LaunchOptions>;
  },
  handler: async (options: ArgumentsCamelCase<LaunchOptions>) => {
    if (!options.slurm) throw noScheduler();
    const { loadRunConfig } = await import('../../run/config.ts');
    const { jobScript } = await import('../../workflow/slurm/job-script.ts');
    const { submitJob } = await import('../../workflow/slurm/submit-job.ts');
    await loadExtensionsGiven(options);
    // A wrong configuration is better refused here than after hours in a queue.
    const { name } = loadRunConfig(options.config, options.set);
    const run = resolve(options.run ?? join('runs', name));
    const { array, nodes = 1 } = options;
    const template = installedPath('launcher/slurm/lockstep.sbatch');
    const script = jobScript(readFileSync(template, 'utf8'), {
      ...{ config: resolve(options.config), run, train: trainOptions(options) },
      program: process.env.LOCKSTEP ?? installedPath('bin/lockstep.js'),
      ...{ nodes: array ?? nodes, isArray: array !== undefined },
      options: sbatchOptions(options),
    });
    if (options.dryRun) process.stdout.write(script);
    else offerOnStdout(submitted(submitJob(script), run, array));
  },
};

function slurmOptions<T>(yargs: Argv<T>): Argv<T> {
  const text = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const;
  const number = (describe: string) => ({ type: 'number', requiresArg: true, describe }) as const;
  return yargs
    .option('slurm', {
      type: 'boolean',
      default: false,
      describe: 'Submit a job to Slurm that saves before its time is up, and goes on in the queue',
    })
    .option('run', text('Folder of the run, which all nodes see [default: runs/<name>]'))
    .option('nodes', number('Nodes of the job, each a host of the run [default: 1]'))
    .option('array', number('So many jobs of one node each, which come and go by themselves'))
    .option('gpus-per-node', number('GPUs of each node, one worker on each'))
    .option('time', text('Time limit as Slurm writes it, such as 4:00:00'))
    .option('partition', text('Partition of Slurm'))
    .option('account', text('Account of Slurm'))
    .option('sbatch', {
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'Another option of sbatch: --sbatch qos=high --sbatch exclusive',
    })
    .conflicts('nodes', 'array');
}

function sbatchOptions(options: LaunchOptions): string[] {
  const { gpusPerNode, time, partition, account, sbatch } = options;
  const named = { 'gpus-per-node': gpusPerNode, time, partition, account };
  const given = Object.entries(named).filter(([, value]) => value !== undefined);
  return [...given.map(([name, value]) => `${name}=${value}`), ...sbatch];
}

/** What `lockstep.config` names each node finds by itself: a job begins in the folder where it was submitted. */
function trainOptions(options: ArgumentsCamelCase<LaunchOptions>): string[] {
  const passedOn = Object.keys(PASSED_ON).flatMap((name) =>
    options[name] === undefined ? [] : [`--${name}`, String(options[name])],
  );
  const { set, extension, simulate, onSignal } = options;
  return [
    ...passedOn,
    ...(onSignal === undefined ? [] : ['--on-signal', onSignal]),
    ...repeated('--set', set),
    ...repeated(
      '--extension',
      extension.map((path) => resolve(path)),
    ),
    ...repeated('--simulate', simulate),
  ];
}

const submitted = (
  job: string,
  run: string,
  array: number | undefined,
): string => `Submitted job ${job} for the run "${run}".
  squeue --job ${job}
  tail -F slurm-${job}${array === undefined ? '' : '_0'}.out
  scancel --signal=USR1 ${job}  (saves, and goes on in the queue)
  scancel ${job}  (saves, and ends)
`;

const noScheduler = (): LockstepError =>
  new LockstepError(
    'USAGE',
    'Cannot launch the run: no scheduler is named.',
    'Give --slurm; docs/cluster.md has the commands for Open MPI and Kubernetes, and "train" starts a run here.',
  );
