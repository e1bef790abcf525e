/** What all workers must agree on before, during and after a run; each check names the workers and the values. */
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { ExpectedHashes, Member } from './member.ts';

interface Said {
  readonly who: string;
  readonly value: string | number;
}

const HASHES = [
  ['configHash', 'configuration'],
  ['dataHash', 'dataset'],
  ['fingerprint', 'numerics fingerprint'],
] as const;

/** Configuration, dataset and numerics fingerprint of those who have joined. */
export function joinDifference(
  members: readonly Member[],
  expected: ExpectedHashes,
): Failure | null {
  for (const [key, noun] of HASHES) {
    const said: Said[] = members.flatMap(({ slot, hello }) =>
      hello === null ? [] : [{ who: `worker ${slot}`, value: hello[key] }],
    );
    const value = expected[key];
    if (value !== undefined) said.unshift({ who: 'the coordinator', value });
    const difference = differing(said, `Cannot start the run: the ${noun} differs`);
    if (difference !== null) return difference;
  }
  return null;
}

/** Step and state from which those who are ready would start. */
export function readyDifference(members: readonly Member[]): Failure | null {
  return stateDifference(members, 'ready', 'Cannot start the run');
}

/** Step and state at which those who have finished ended. */
export function finishDifference(members: readonly Member[]): Failure | null {
  return stateDifference(members, 'finished', 'The run ended with replicas that differ');
}

/** Values that were reduced, so must be the same bits on every rank; `said` is in the order of slots. */
export function sumsDifference(
  step: number,
  said: readonly { readonly slot: number; readonly sums: Readonly<Record<string, number>> }[],
): Failure | null {
  const names = [...new Set(said.flatMap(({ sums }) => Object.keys(sums)))].sort();
  for (const name of names) {
    const values = said.map(({ slot, sums }) => ({
      who: `worker ${slot}`,
      value: sums[name] ?? 'nothing',
    }));
    const difference = differing(values, `Step ${step} differs between workers: the sum "${name}"`);
    if (difference !== null) return difference;
  }
  return null;
}

function stateDifference(
  members: readonly Member[],
  report: 'ready' | 'finished',
  what: string,
): Failure | null {
  const reports = members.flatMap((member) => {
    const { slot, [report]: said } = member;
    return said === null ? [] : [{ who: `worker ${slot}`, ...said }];
  });
  const steps = reports.map(({ who, step }) => ({ who, value: step }));
  const states = reports.map(({ who, stateHash }) => ({ who, value: stateHash }));
  return (
    differing(steps, `${what}: the step differs`) ??
    differing(states, `${what}: the hash of weights, statistics and optimizer differs`)
  );
}

function differing(said: readonly Said[], what: string): Failure | null {
  const first = said[0];
  if (first === undefined || said.every(({ value }) => Object.is(value, first.value))) return null;
  const list = said.map(({ who, value }) => `${who} ${value}`).join(', ');
  const advice =
    'All workers must run one installation, configuration and dataset on equal devices.';
  return failure('REPLICAS_DIFFER', `${what}: ${list}.`, advice);
}
