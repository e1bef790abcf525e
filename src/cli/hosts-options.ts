/** Options of a run on several hosts, and what a scheduler says of them in the environment. */
import type { Argv } from 'yargs';
import { pmix, schedulerPlace, uncountedPlace } from '../cluster/scheduler-environment.ts';
import { LockstepError } from '../core/errors.ts';
import {
  DEFAULT_HOSTS_WAIT_SECONDS,
  type HostsOptions,
  type OnSignal,
} from '../workflow/placement.ts';

export interface HostsGiven {
  hosts: number | undefined;
  rendezvous: string | undefined;
  keyFile: string | undefined;
  ownDisks?: boolean | undefined;
  hostsWait: number;
  onSignal: OnSignal | undefined;
}

export function hostsOptions<T>(yargs: Argv<T>): Argv<T & HostsGiven> {
  return yargs
    .option('hosts', {
      type: 'number',
      requiresArg: true,
      describe:
        'Train on so many hosts: type the same command on each; Slurm, Open MPI and torchrun say it themselves',
    })
    .option('rendezvous', {
      type: 'string',
      requiresArg: true,
      describe:
        'Where hosts meet: tcp://h0:29400, whose host leads, or folder:PATH [default: a folder beside the run]',
    })
    .option('key-file', {
      type: 'string',
      requiresArg: true,
      describe:
        'Key of the hosts for tcp, the same on all: 64 hexadecimal digits (or LOCKSTEP_KEY)',
    })
    .option('own-disks', {
      type: 'boolean',
      describe:
        'The hosts see no common disk: the one that --rendezvous names has run and data, the others fetch what they need',
    })
    .option('hosts-wait', {
      type: 'number',
      requiresArg: true,
      default: DEFAULT_HOSTS_WAIT_SECONDS,
      describe: 'Seconds within which all hosts must be there',
    })
    .option('on-signal', {
      choices: ['stop', 'leave'] as const,
      requiresArg: true,
      describe:
        'What a signal to this host does: the run saves and stops on all hosts, or this one leaves and the others go on [default: stop]',
    }) as unknown as Argv<T & HostsGiven>;
}

/** Undefined for a run of this host. */
export function hostsGiven(options: HostsGiven, env = process.env): HostsOptions | undefined {
  const { hosts, rendezvous, keyFile, ownDisks, hostsWait: waitSeconds, onSignal } = options;
  // Where hosts are counted by hand, the scheduler's number is of something else.
  const place = hosts === undefined ? schedulerPlace(env) : null;
  const key = keyFile === undefined ? env.LOCKSTEP_KEY : undefined;
  if (!(waitSeconds > 0)) {
    const message = `Cannot use --hosts-wait ${waitSeconds}: it must be a number above 0.`;
    throw new LockstepError('USAGE', message, 'Leave it out to wait five minutes.');
  }
  const common = { rendezvous, keyFile, key, ownDisks, waitSeconds, onSignal };
  if (place !== null) {
    const { hostRank, start } = place;
    return { ...common, hosts: place.hosts, hostRank, start };
  }
  if (hosts === 1) return undefined;
  if (hosts !== undefined) return { ...common, hosts, ...uncountedPlace(env) };
  refuseUncounted(env);
  const [lone] = [
    ...(rendezvous === undefined ? [] : ['--rendezvous']),
    ...(keyFile === undefined ? [] : ['--key-file']),
    ...(ownDisks === true ? ['--own-disks'] : []),
    ...(onSignal === undefined ? [] : ['--on-signal']),
  ];
  if (lone === undefined) return undefined;
  throw new LockstepError(
    'USAGE',
    `Cannot use ${lone}: it belongs to a run on several hosts.`,
    'Say how many with --hosts, or leave it out.',
  );
}

/** @throws LockstepError USAGE: each process would train alone, in one folder */
function refuseUncounted(env: NodeJS.ProcessEnv): void {
  const place = pmix(env);
  if (place === null) return;
  throw new LockstepError(
    'USAGE',
    `Cannot train here: PMIx started this process as number ${place.hostRank}, but doesn't say of how many.`,
    'Say it with --hosts: 1 if it is the only one.',
  );
}
