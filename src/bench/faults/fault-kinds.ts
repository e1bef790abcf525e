/** The faults that we inject into a run, and the cause that its log should name for each. */

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

/** Every fault and its cause. */
export const FAULTS = {
  /** SIGKILL. */
  kill: costsTime('killed'),
  /** SIGSTOP, for ever. */
  stop: costsTime('stopped'),
  /** SIGSTOP, and SIGCONT before anybody notices. */
  'short stop': costsTime('nothing'),
  /** The process ends by itself with exit code 3. */
  exit: costsTime('exited'),
  /** The main thread computes for ever. */
  hang: costsTime('hung'),
  /** A write to a full device. */
  'full disk': costsTime('disk full'),
  /** Steps take longer for a while. */
  slow: costsTime('slow'),
  /** The worker's connection to the coordinator carries nothing more, and nobody closes it. */
  'half-open control': costsTime('coordinator not reached'),
  /** The same for its peers' connections to it. */
  'half-open data': costsTime('frames lost'),
  'cut control': costsTime('connection cut'),
  'cut data': costsTime('connection cut'),
  /** The link carries nothing for a moment. */
  'partition control': costsTime('nothing'),
  'partition data': costsTime('nothing'),
  'delay control': costsTime('nothing'),
  'delay data': costsTime('nothing'),
  /** SIGKILL of the coordinator. */
  'kill coordinator': costsTime('coordinator killed'),
  /** SIGSTOP of the coordinator, for ever. */
  'stop coordinator': costsTime('coordinator silent'),
  /** SIGTERM to one worker. */
  preempt: ends('preempted'),
  NaN: ends('not finite'),
  /** One worker reports another reduced sum than the others. */
  'another sum': ends('another sum'),
  /** One worker sends a message outside the protocol. */
  'malformed message': ends('malformed message'),
} as const satisfies Record<string, Traits>;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

/** Faults after which a run continues with all its workers. */
export const SURVIVED = FAULT_NAMES.filter((name) => !FAULTS[name].isLast);
