/** The faults that can be injected into a run, and the cause that its log should name for each. */

/** What a run's log can say of why something went wrong. */
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

/** Those that are of no worker. */
export const OF_NO_WORKER: readonly Cause[] = [
  'nothing',
  'coordinator killed',
  'coordinator silent',
];

interface Traits {
  readonly cause: Cause;
  /** After it the run ends, or has one worker less for good. */
  readonly isLast: boolean;
}

const costsTime = (cause: Cause): Traits => ({ cause, isLast: false });
const ends = (cause: Cause): Traits => ({ cause, isLast: true });

export const FAULTS = {
  /** SIGKILL. */
  kill: costsTime('killed'),
  /** SIGSTOP, for ever. */
  stop: costsTime('stopped'),
  /** SIGSTOP, and SIGCONT before anybody minds. */
  'short stop': costsTime('nothing'),
  /** The process ends by itself with exit code 3. */
  exit: costsTime('exited'),
  /** The main thread computes for ever. */
  hang: costsTime('hung'),
  /** A write to a full device. */
  'full disk': costsTime('disk full'),
  /** Each step takes longer for a while. */
  slow: costsTime('slow'),
  /** The worker's connection to the coordinator carries nothing any more, and nobody closes it. */
  'half-open control': costsTime('coordinator not reached'),
  /** The same of its peers' connections to it. */
  'half-open data': costsTime('frames lost'),
  'cut control': costsTime('connection cut'),
  'cut data': costsTime('connection cut'),
  /** Nothing passes for a moment. */
  'partition control': costsTime('nothing'),
  'partition data': costsTime('nothing'),
  'delay control': costsTime('nothing'),
  'delay data': costsTime('nothing'),
  /** SIGKILL of the coordinator. */
  'kill coordinator': costsTime('coordinator killed'),
  /** SIGSTOP of it, for ever. */
  'stop coordinator': costsTime('coordinator silent'),
  /** SIGTERM to one worker. */
  preempt: ends('preempted'),
  NaN: ends('not finite'),
  /** One worker reports another reduced sum than the others. */
  'another sum': ends('another sum'),
  /** One worker says what no worker says. */
  'malformed message': ends('malformed message'),
} as const satisfies Record<string, Traits>;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

/** Those after which a run goes on with all its workers. */
export const SURVIVED = FAULT_NAMES.filter((name) => !FAULTS[name].isLast);
