/** A new run, from its configuration to its end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compareConfigs } from '../../checkpoint/resume-check.ts';
import type { RunConfig } from '../../config/run-config.ts';
import { LockstepError } from '../../core/errors.ts';
import { hashRun } from '../../extension/identity.ts';
import { type ExtensionOptions, loadExtensions } from '../../extension/load.ts';
import { claimRunFolder, readRunConfig, runPaths } from '../../run/folder.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';
import { parseFault } from '../../worker/training/simulated-fault.ts';
import {
  type ClusterOptions,
  devicesOf,
  elasticityOf,
  rendezvousOf,
  requireMeeting,
} from '../placement.ts';
import { settleFormulations } from '../tune/settle-formulations.ts';
import { examineRun } from './examine-run.ts';
import { type GuardedHooks, type RunHooks, withGuardedHooks } from './hooks.ts';
import { stopRequestsOf } from './host-stop-requests.ts';
import { onHosts } from './on-hosts.ts';
import { outwaitOwner } from './outwait-owner.ts';
import { type ConfigSource, refuseTf32OnCpu, resolveRunConfig } from './resolve-config.ts';
import { resumeHere } from './resume.ts';
import { readNewRun } from './run-facts.ts';
import { RunFailed } from './run-failed.ts';
import { type StartOptions, startRun } from './start-run.ts';
import { throwIfStopped } from './stop-requests.ts';

export interface TrainOptions extends ConfigSource, ClusterOptions, ExtensionOptions, RunHooks {
  /** Folder of the run: it must be absent or empty. @default `runs/<name of the configuration>` */
  readonly runFolder?: string | undefined;
  /**
   * `auto`: goes on with the run in the folder if there is one, as `resume` does, so that the same call can be made again.
   * The configuration must be that of the run.
   */
  readonly resume?: 'auto' | undefined;
  /** Faults to inject into workers, as `--simulate` takes them: `['kill@rank=1,step=20']`. */
  readonly simulate?: readonly string[] | undefined;
}

/**
 * Trains a configuration with workers on this machine and resolves when the run has ended, completed or
 * stopped. Several runs may go on in one process, each in a folder of its own.
 *
 * It prints nothing and leaves exit code, signals and current folder of the process alone.
 * @throws LockstepError what keeps the run from beginning: nothing is left behind then; RunFailed what ended it
 * @example
 * const stop = new AbortController();
 * const outcome = await train({
 *   config: 'configs/tiny.yaml',
 *   workers: 2,
 *   signal: stop.signal, // stop.abort() saves a checkpoint and stops: outcome.status is 'stopped'
 *   onEvent: (event) => event.kind === 'step' && console.log(event.step, event.metrics.loss),
 * });
 * console.log(outcome.stateHash);
 */
export async function train(options: TrainOptions): Promise<RunOutcome> {
  return await withGuardedHooks(options, async (hooks) => await trainWith(options, hooks));
}

async function trainWith(options: TrainOptions, hooks: GuardedHooks): Promise<RunOutcome> {
  const devices = devicesOf(options);
  const { hosts } = options;
  // How many workers several hosts have is known when they are there.
  if (hosts === undefined) limitsFor(options, devices.length);
  await loadExtensions(options.extensions ?? []);
  const config = resolveRunConfig(options);
  refuseTf32OnCpu(config, devices);
  throwIfStopped(hooks);
  // Each host has its own disk then, and the paths on it.
  const wanted = hosts?.ownDisks ? withoutPaths(config) : config;
  const request = `train ${hashRun(wanted)}`;
  const runFolder = options.runFolder ?? join('runs', config.name);
  const ownStore = config.data.store;
  const answer = async () => {
    refuseOtherConfig(runFolder, config);
    return await examineRun(runFolder);
  };
  const placed = { hosts, devices, request, runFolder, ownStore };
  const given = options.resume === 'auto' ? { ...placed, answer } : placed;
  return await onHosts(given, hooks, async (leader) => {
    const workers = leader?.workers ?? devices.length;
    const limits = limitsFor(options, workers);
    if (options.resume === 'auto' && isRun(runFolder)) {
      refuseOtherConfig(runFolder, config);
      return await resumeHere({ ...options, runFolder }, devices, leader, hooks);
    }
    return await trainHere(
      { ...options, runFolder },
      config,
      { devices, hosts: leader, ...limits },
      hooks,
    );
  });
}

function withoutPaths({ data, model, ...config }: RunConfig): RunConfig {
  const { initialWeights: _, ...rest } = model;
  return { ...config, data: { ...data, store: '.' }, model: rest };
}

type Placed = Pick<StartOptions, 'devices' | 'hosts' | 'elasticity' | 'simulate'>;

async function trainHere(
  options: TrainOptions & { readonly runFolder: string },
  config: RunConfig,
  placed: Placed,
  hooks: GuardedHooks,
): Promise<RunOutcome> {
  const { devices, hosts } = placed;
  await requireMeeting(options, hosts);
  await outwaitOwner(options.runFolder, hooks);
  const claim = claimRunFolder(options.runFolder);
  try {
    const { facts, kept, config: scaled } = await readNewRun(config, hooks);
    const settled = await settleFormulations(scaled, facts.microBatches, devices[0]!, hooks);
    throwIfStopped(hooks);
    const folder = claim.settle(settled, kept);
    try {
      return await startRun(folder, facts, {
        ...placed,
        rendezvous: rendezvousOf(options, hosts?.address ?? null),
        resume: false,
        onEvent: hooks.onEvent,
        watchSignals: stopRequestsOf(hooks, hosts, options.hosts?.onSignal),
      });
    } catch (thrown) {
      // The run never began: the same command shall work when the reason is gone.
      if (!(thrown instanceof RunFailed)) claim.retract();
      throw thrown;
    } finally {
      folder.release();
    }
  } finally {
    claim.abandon();
  }
}

const isRun = (path: string): boolean => existsSync(runPaths(path).config);

/** What a run's start has settled (scaling, formulations) may be left open. @throws LockstepError RUN_EXISTS */
function refuseOtherConfig(path: string, config: RunConfig): void {
  const kept = readRunConfig(path);
  const data = { ...config.data, scaling: config.data.scaling ?? kept.data.scaling };
  const other = compareConfigs(kept, { ...config, data }).find(
    ({ concerns }) => concerns === 'run',
  );
  if (other === undefined) return;
  throw new LockstepError(
    'RUN_EXISTS',
    `Cannot go on with the run "${path}": it has another configuration (${other.sentence}).`,
    'Give it the same configuration, or choose another folder with --run.',
  );
}

/** @throws LockstepError USAGE for what makes no sense with so many workers */
function limitsFor(options: TrainOptions, workers: number) {
  return { elasticity: elasticityOf(options, workers), simulate: faultsFor(options, workers) };
}

/** The faults that were ordered. @throws LockstepError USAGE for one that makes no sense here */
function faultsFor({ simulate = [] }: TrainOptions, workers: number): readonly string[] {
  const outside = simulate.find((text) => parseFault(text).rank >= workers);
  if (outside === undefined) return simulate;
  throw new LockstepError(
    'USAGE',
    `Cannot simulate "${outside}": the run has ${workers} workers, so ranks 0 to ${workers - 1}.`,
    'Name one of those ranks, or give more --workers.',
  );
}
