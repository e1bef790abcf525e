/**
 * The faults that can be injected into a run, each under one name: `--simulate` knows those of a worker's step,
 * `bench faults` those of real processes and links, the simulation of the tests those of its network.
 */
export const FAULTS = {
  kill: 'SIGKILL of a worker',
  'kill-several': 'SIGKILL of several workers at once',
  'kill-coordinator': 'SIGKILL of the coordinator',
  stop: 'SIGSTOP of a worker, for ever',
  'stop-coordinator': 'SIGSTOP of the coordinator, for ever',
  pause: 'SIGSTOP of a worker, and SIGCONT a while later',
  preempt: 'SIGTERM to one worker alone, as a scheduler sends it: the run saves and ends',
  exit: 'a worker ends by itself, with an exit code',
  hang: 'the main thread of a worker is blocked for ever; its comm thread still says that the process lives',
  slow: 'each step of a worker takes longer',
  'full-disk': 'a worker writes to a full disk',
  nan: 'the gradients of a step hold a NaN',
  flip: 'one bit of one weight of a worker changes before a step',
  'wrong-sum': 'a worker reports another reduced sum than the others',
  'malformed-message': 'a worker says something that is no message',
  'half-open-control':
    "a worker's connection to the coordinator carries nothing any more, and nobody closes it",
  'half-open-data': "the same of the peers' connections to a worker",
  'cut-control': "a worker's connection to the coordinator is reset",
  'cut-data': "the peers' connections to a worker are reset",
  'partition-control': 'nothing passes between a worker and the coordinator for a while',
  'partition-data': 'nothing passes between a worker and its peers for a while',
  'partition-worker': 'nothing passes between a worker and anybody for a while',
  'partition-coordinator': 'nothing passes between the coordinator and anybody for a while',
  'delay-control': 'what passes between a worker and the coordinator comes late for a while',
  'delay-data': 'what passes between a worker and its peers comes late for a while',
  'late-frames': 'frames of one generation arrive in the next one',
} as const satisfies Record<string, string>;

export type FaultName = keyof typeof FAULTS;
