/** Which cause a run's log names, and for which worker. Pure. */
import type { Cause } from './fault-kinds.ts';

/** A cause and its workers. */
export interface NamedCause {
  readonly cause: Cause;
  /** The workers that the log names. */
  readonly slots: readonly number[];
}

/** The first match of a sentence gives its cause; each number after "worker" is one of the workers. */
const SENTENCES: readonly (readonly [RegExp, Cause])[] = [
  [/^Lost (worker \d+).*: its process was stopped/, 'stopped'],
  [
    /^Lost (worker \d+).*(?:though its process ran|no longer heard the coordinator)/,
    'coordinator not reached',
  ],
  [/^Lost (worker \d+).*: it was killed by SIGKILL/, 'killed'],
  [/^Lost (worker \d+).*: (?:it has computed for|its main thread has been blocked)/, 'hung'],
  [/^Lost (worker \d+).*: it can't be understood/, 'malformed message'],
  [/^Lost (worker \d+).*: it failed at step .* full \(ENOSPC\)/, 'disk full'],
  [/^Lost (worker \d+).*: it exited with code/, 'exited'],
  [/the connection of (worker \d+ to (?:the coordinator|worker \d+)) was cut/, 'connection cut'],
  [/(what workers? .*) has not come for/, 'frames lost'],
  [/^(worker \d+) takes [\d.]+ times as long/, 'slow'],
  [/^(worker \d+) got SIG/, 'preempted'],
  [/^(worker \d+).* failed at step .* NaN/, 'not finite'],
  [/^Step \d+ differs between workers: the sum "\w+": (.*)\.$/, 'another sum'],
  [/^Lost (worker \d+)/, 'another reason'],
  [/a message was lost/, 'another reason'],
  [/^The coordinator was killed by SIGKILL/, 'coordinator killed'],
  [/^The coordinator said nothing for/, 'coordinator silent'],
  [/^The coordinator/, 'another reason'],
];

/**
 * The cause that a log names.
 * @param texts the log's messages since the fault, in order; consequences follow their cause
 */
export function namedCause(texts: readonly string[]): NamedCause {
  for (const text of texts) {
    for (const [pattern, cause] of SENTENCES) {
      const match = pattern.exec(text);
      if (match === null) continue;
      const part = match[1] ?? '';
      return { cause, slots: cause === 'another sum' ? oddOnes(part) : numbersIn(part) };
    }
  }
  return { cause: 'nothing', slots: [] };
}

const numbersIn = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);

/** "worker 0 3.5, worker 1 4.5, worker 2 3.5" → 1: the workers with the rarest value. */
function oddOnes(text: string): number[] {
  const said = text.split(', ').map((one) => /^worker (\d+) (.+)$/.exec(one)?.slice(1) ?? []);
  const times = (value: string | undefined) => said.filter(([, other]) => other === value).length;
  const fewest = Math.min(...said.map(([, value]) => times(value)));
  return said.filter(([, value]) => times(value) === fewest).map(([slot]) => Number(slot));
}
