/** A run that ended early, from its newest checkpoint on. */

import { resolve } from 'node:path';
import type { HostLeader } from '../../cluster/leader.ts';
import { type ExtensionOptions, loadExtensions } from '../../extension/load.ts';
import type { Device } from '../../launch/device.ts';
import { openRunFolder } from '../../run/folder.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';
import {
  type ClusterOptions,
  devicesOf,
  elasticityOf,
  rendezvousOf,
  requireMeeting,
} from '../placement.ts';
import { movedSentence } from '../tune/settle-formulations.ts';
import { damagedResults } from './damaged-results.ts';
import { examineRun } from './examine-run.ts';
import { type GuardedHooks, type RunHooks, withGuardedHooks } from './hooks.ts';
import { stopRequestsOf } from './host-stop-requests.ts';
import { onHosts } from './on-hosts.ts';
import { outwaitOwner } from './outwait-owner.ts';
import { readRunFacts } from './run-facts.ts';
import { startRun } from './start-run.ts';
import { throwIfStopped } from './stop-requests.ts';

export interface ResumeOptions extends ClusterOptions, ExtensionOptions, RunHooks {
  /** Folder of the run. */
  readonly runFolder: string;
}

/**
 * Goes on with a run from its newest checkpoint, on any number of workers: the result is the same, bit by
 * bit, as that of a run that was never stopped. A run that has completed is answered at once.
 * @throws LockstepError RUN_NOT_FOUND, RUN_LOCKED, CHECKPOINT_MISMATCH for another configuration or other
 *   data, DATA_NOT_FOUND, USAGE for a folder that can't be written: no process was started then; RunFailed
 *   what ended the run
 * @example
 * const { status } = await resume({ runFolder: 'runs/tiny', workers: 4 });
 */
export async function resume(options: ResumeOptions): Promise<RunOutcome> {
  return await withGuardedHooks(options, async (hooks) => await resumeWith(options, hooks));
}

async function resumeWith(options: ResumeOptions, hooks: GuardedHooks): Promise<RunOutcome> {
  const devices = devicesOf(options);
  const { hosts, runFolder } = options;
  if (hosts === undefined) elasticityOf(options, devices.length);
  throwIfStopped(hooks);
  await loadExtensions(options.extensions ?? []);
  const request = hosts?.ownDisks ? 'resume' : `resume ${resolve(runFolder)}`;
  const answer = () => examineRun(runFolder);
  return await onHosts({ hosts, devices, request, runFolder, answer }, hooks, async (leader) =>
    resumeHere(options, devices, leader, hooks),
  );
}

/** On the host that leads, or the only one. */
export async function resumeHere(
  options: ResumeOptions,
  devices: readonly Device[],
  hosts: HostLeader | null,
  hooks: GuardedHooks,
): Promise<RunOutcome> {
  const elasticity = elasticityOf(options, hosts?.workers ?? devices.length);
  const completed = await examineRun(options.runFolder);
  if (completed !== undefined) {
    hooks.onEvent({ kind: 'end', outcome: completed });
    return completed;
  }
  await requireMeeting(options, hosts);
  await outwaitOwner(options.runFolder, hooks);
  const folder = await openRunFolder(options.runFolder);
  try {
    const moved = movedSentence(folder.runConfig, devices[0]!);
    if (moved !== undefined) hooks.onEvent({ kind: 'status', text: moved });
    for (const text of await damagedResults(folder)) hooks.onEvent({ kind: 'warning', text });
    const facts = await readRunFacts(folder.runConfig, hooks);
    throwIfStopped(hooks);
    return await startRun(folder, facts, {
      devices,
      hosts,
      elasticity,
      rendezvous: rendezvousOf(options, hosts?.address ?? null),
      resume: true,
      onEvent: hooks.onEvent,
      watchSignals: stopRequestsOf(hooks, hosts, options.hosts?.onSignal),
    });
  } finally {
    folder.release();
  }
}
