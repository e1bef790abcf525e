/** One study in its folder: refuses another study's folder, holds its lock, and runs it. */
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { LockstepError } from '../core/errors.ts';
import { lockFolder } from '../core/folder-lock.ts';
import { removeQuietly } from '../core/remove-quietly.ts';
import { writeWhole } from '../core/write-whole.ts';
import type { StoreOnDisk } from '../data/format/open-store.ts';
import type { Device } from '../launch/device.ts';
import { type DeviceOptions, devicesOf } from '../workflow/placement.ts';
import type { GuardedHooks } from '../workflow/train/hooks.ts';
import { studyFacts } from './dataset-facts.ts';
import { loadStudyConfig, refuseOtherGrid, studyConfigToYaml } from './load-study.ts';
import { runStudy, type StudyOutcome } from './run-study.ts';
import type { StudyConfig } from './study-config.ts';
import { makeStudyFolder, type StudyFolder, tidyStudyFolder } from './study-folder.ts';

/** What is studied, and by what. */
export interface StudyPlan {
  readonly grid: StudyConfig;
  readonly store: StoreOnDisk | undefined;
  readonly minutes: number;
  readonly devices: DeviceOptions;
  readonly hooks: GuardedHooks;
}

/**
 * Runs a study, or goes on with the one that the folder holds.
 * @throws LockstepError USAGE for a folder that holds another study; what `runStudy` throws
 */
export async function studyIn(folder: StudyFolder, plan: StudyPlan): Promise<StudyOutcome> {
  const { grid: config, store, minutes, hooks } = plan;
  if (!(minutes > 0)) throw noTime(minutes);
  const devices = devicesOf(plan.devices);
  const made = makeStudyFolder(folder);
  const lock = lockFolder(folder.path);
  try {
    await tidyStudyFolder(folder);
    if (existsSync(folder.config)) {
      refuseOtherGrid(loadStudyConfig(folder.config), config, folder.path);
    }
    const facts = await studyFacts(config, { folder, workers: devices.length, hooks });
    writeWhole(folder.config, studyConfigToYaml(config));
    const own = store && { store, minutes };
    const place = { folder, devices, measuredOn: machine(devices) };
    return await runStudy(config, { ...place, facts, hooks, own });
  } finally {
    lock.release();
    // A study that was refused leaves no folder.
    if (made !== undefined && !existsSync(folder.config)) await removeQuietly(made);
  }
}

function noTime(minutes: number): LockstepError {
  return new LockstepError(
    'USAGE',
    `Cannot size the study to ${minutes} minutes: the number must be above 0.`,
    'Give --minutes a number such as 20.',
  );
}

/** Machine and date, for a report. @throws LockstepError USAGE, DEVICE_ABSENT */
export const measuredOn = (devices: DeviceOptions): string => machine(devicesOf(devices));

function machine(devices: readonly Device[]): string {
  const where = devices[0]!.kind === 'gpu' ? 'GPU' : (cpus()[0]?.model ?? 'a CPU of unknown make');
  const date = new Date().toISOString().slice(0, 10);
  const workers = devices.length === 1 ? '1 worker' : `${devices.length} workers`;
  return `Measured on ${where}, ${workers}, ${date}.`;
}
