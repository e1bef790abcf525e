/** The faults that we inject into a run, and the cause that its log should name for each. */

import type { FaultName } from '../../core/fault-names.ts';

/** The causes that a run's log can name. */
export type Cause =
  | 'nothing'
  | 'killed'
  | 'stopped'
  | 'exited'
  | 'hung'
  | 'disk full'
  | 'malformed message'
  | 'not finite'
  | 'another sum'
  | 'preempted'
  | 'slow'
  | 'coordinator not reached'
  | 'frames lost'
  | 'connection cut'
  | 'coordinator killed'
  | 'coordinator silent'
  | 'another reason';

/** Causes that concern no worker. */
export const OF_NO_WORKER: readonly Cause[] = [
  'nothing',
  'coordinator killed',
  'coordinator silent',
];

interface Traits {
  readonly cause: Cause;
  /** Whether the run then ends, or continues without the worker. */
  readonly isLast: boolean;
}

const costsTime = (cause: Cause): Traits => ({ cause, isLast: false });
const ends = (cause: Cause): Traits => ({ cause, isLast: true });

/** What is injected, and the cause that the log should name; what each fault is: core/fault-names.ts. */
export const INJECTED = {
  kill: costsTime('killed'),
  stop: costsTime('stopped'),
  pause: costsTime('nothing'),
  exit: costsTime('exited'),
  hang: costsTime('hung'),
  'full-disk': costsTime('disk full'),
  slow: costsTime('slow'),
  'half-open-control': costsTime('coordinator not reached'),
  'half-open-data': costsTime('frames lost'),
  'cut-control': costsTime('connection cut'),
  'cut-data': costsTime('connection cut'),
  'partition-control': costsTime('nothing'),
  'partition-data': costsTime('nothing'),
  'delay-control': costsTime('nothing'),
  'delay-data': costsTime('nothing'),
  'kill-coordinator': costsTime('coordinator killed'),
  'stop-coordinator': costsTime('coordinator silent'),
  preempt: ends('preempted'),
  nan: ends('not finite'),
  'wrong-sum': ends('another sum'),
  'malformed-message': ends('malformed message'),
} as const satisfies Partial<Record<FaultName, Traits>>;

export type InjectedName = keyof typeof INJECTED;

export const INJECTED_NAMES = Object.keys(INJECTED) as InjectedName[];
