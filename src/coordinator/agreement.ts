/** What all workers must agree on before, during and after a run; each check names the workers and the values. */
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { ExpectedHashes, Member } from './member.ts';
import { nameMembers } from './wording.ts';

interface Said {
  /** Null: the coordinator. */
  readonly slot: number | null;
  readonly value: string | number;
}

/** Different values that a sentence lists. */
const MOST_GROUPS = 8;
const ONE_INSTALLATION =
  'All workers must run one installation, configuration and dataset on equal devices.';

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
      hello === null ? [] : [{ slot, value: hello[key] }],
    );
    const value = expected[key];
    if (value !== undefined) said.unshift({ slot: null, value });
    const difference = differing(said, `Cannot start the run: the ${noun} differs`);
    if (difference !== null) return difference;
  }
  return null;
}

/** Step and state from which those who are ready would start, or go on where the run was under way. */
export function readyDifference(members: readonly Member[], hasRun: boolean): Failure | null {
  return stateDifference(members, 'ready', `Cannot ${hasRun ? 'go on with' : 'start'} the run`);
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
    const values = said.map(({ slot, sums }) => ({ slot, value: sums[name] ?? 'nothing' }));
    const difference = differing(values, `Step ${step} differs between workers: the sum "${name}"`);
    if (difference !== null) return difference;
  }
  return null;
}

/**
 * Hashes of the states after `after` steps; after `agreed` steps they were the same. `said` is in the order of
 * slots.
 */
export function replicaDifference(
  { agreed, after }: { readonly agreed: number; readonly after: number },
  said: readonly { readonly slot: number; readonly stateHash?: string | undefined }[],
): Failure | null {
  const values = said.map(({ slot, stateHash }) => ({ slot, value: stateHash ?? 'nothing' }));
  const what = `The workers' states differ after ${after} steps and were the same after ${agreed}, so they came apart in steps ${agreed} to ${after - 1}; hashes of weights, statistics and optimizer`;
  const advice = `Checkpoints of more than ${agreed} steps may hold the fault: remove them, look at memory and device of those that differ from the majority, then resume.`;
  return differing(values, what, advice);
}

function stateDifference(
  members: readonly Member[],
  report: 'ready' | 'finished',
  what: string,
): Failure | null {
  const reports = members.flatMap((member) => {
    const { slot, [report]: said } = member;
    return said === null ? [] : [{ slot, ...said }];
  });
  const steps = reports.map(({ slot, step }) => ({ slot, value: step }));
  const states = reports.map(({ slot, stateHash }) => ({ slot, value: stateHash }));
  return (
    differing(steps, `${what}: the step differs`) ??
    differing(states, `${what}: the hash of weights, statistics and optimizer differs`)
  );
}

interface Group {
  readonly value: Said['value'];
  readonly slots: number[];
}

/** Those who said the same together, the largest group first. */
function differing(said: readonly Said[], what: string, advice = ONE_INSTALLATION): Failure | null {
  const first = said[0];
  if (first === undefined || said.every(({ value }) => Object.is(value, first.value))) return null;
  const coordinator = said.filter(({ slot }) => slot === null);
  const groups = groupsOf(said);
  const workers = said.length - coordinator.length;
  const parts = [
    ...coordinator.map(({ value }) => `the coordinator ${show(value)}`),
    ...groups.slice(0, MOST_GROUPS).map(({ slots, value }) => {
      const majority =
        2 * slots.length > workers && slots.length < workers ? ' (the majority)' : '';
      return `${nameMembers(slots)}${majority} ${show(value)}`;
    }),
    ...(groups.length > MOST_GROUPS ? [`${groups.length - MOST_GROUPS} values more`] : []),
  ];
  return failure('REPLICAS_DIFFER', `${what}: ${parts.join(', ')}.`, advice);
}

function groupsOf(said: readonly Said[]): Group[] {
  const groups: Group[] = [];
  for (const { slot, value } of said) {
    if (slot === null) continue;
    const group = groups.find((other) => Object.is(other.value, value));
    if (group === undefined) groups.push({ value, slots: [slot] });
    else group.slots.push(slot);
  }
  return groups.sort((a, b) => b.slots.length - a.slots.length);
}

const show = (value: Said['value']): string => (Object.is(value, -0) ? '-0' : String(value));
