/**
 * What a coordinator leaves to another one that is started in its place. The workers keep the state of the run;
 * a successor asks them who they are and where they stand (`introduce`), and forms a generation of them. It needs
 * only what they can't tell: this journal, which the supervisor keeps, and which processes there are.
 */
import type { Failure } from '../core/failure.ts';
import type { StopSignal } from '../core/stop-signal.ts';
import type { ExitStatus } from '../launch/launching.ts';
import type { MachineState, RunPolicy } from './machine.ts';
import { initialMachine } from './machine.ts';
import type { Member } from './member.ts';
import { NOTHING_HEARD, newMember } from './member.ts';
import { succeedingProgress } from './progress.ts';

export interface Journal {
  readonly generation: number;
  /** Whether a generation has ever run. */
  readonly hasRun: boolean;
  /** Whether one runs: all workers of it have the run's state. */
  readonly isRunning: boolean;
  /** Slots of the generation that was formed last, in order of rank. */
  readonly ranks: readonly number[];
  /** Of slots where processes were lost. */
  readonly losses: readonly SlotLosses[];
  /** Steps that all workers have applied and that were told. */
  readonly closed: number;
  /** What was told of the last steps, as in `ProgressState`. */
  readonly told: readonly string[];
  readonly stopSignal: StopSignal | null;
  readonly givenUp: Failure | null;
}

interface SlotLosses {
  readonly slot: number;
  /** Of the newest process. */
  readonly attempt: number;
  /** In a row. */
  readonly restarts: number;
  readonly isLeftOut: boolean;
}

/** The newest process in a slot, and how it ended if it has. */
export interface SlotProcess {
  readonly slot: number;
  readonly attempt: number;
  readonly pid: number | null;
  readonly host: string | null;
  readonly exit: ExitStatus | null;
}

export interface Succession {
  /** Null when the coordinator died before it had decided anything. */
  readonly journal: Journal | null;
  readonly processes: readonly SlotProcess[];
  /** How long there has been no coordinator. */
  readonly awayMs: number;
  /** Of one whose journal may be old, or of a coordinator before the last: no generation from this one on was formed yet. */
  readonly firstGeneration?: number;
}

export function journalOf(state: MachineState): Journal {
  const { membership, progress, stopSignal, givenUp } = state;
  const losses = membership.members
    .toArray()
    .flatMap(({ slot, attempt, restarts, status }): SlotLosses[] => {
      const isLeftOut = status === 'leftOut';
      return attempt > 0 || isLeftOut ? [{ slot, attempt, restarts, isLeftOut }] : [];
    });
  const { generation, hasRun, ranks } = membership;
  const isRunning = membership.status === 'running';
  const { closed, told } = progress;
  return { generation, hasRun, isRunning, ranks, losses, closed, told, stopSignal, givenUp };
}

/** Of a coordinator whose host was lost before any journal of it had come. */
const NOTHING_KNOWN = {
  closed: 0,
  told: [],
  stopSignal: null,
  givenUp: null,
  hasRun: false,
} as const;

/** More than the coordinators of one leader form. */
const GENERATIONS_OF_LEADER = 16_384;

/**
 * Number of the first generation of a leader: none before it has formed that one or a later one, whatever has come here of
 * what they did. Two leaders had formed one of the same number when the journal of the first of them was lost with it.
 * @param epoch of the leader, in which no other one leads
 */
export const firstGenerationOf = (epoch: number): number => epoch * GENERATIONS_OF_LEADER;

/** Whether the journals of two states may differ; cheap, since it is asked for at each event. */
export function isJournalOld(before: MachineState, after: MachineState): boolean {
  const [a, b] = [before.membership, after.membership];
  return (
    a.generation !== b.generation ||
    a.status !== b.status ||
    before.progress.closed !== after.progress.closed ||
    before.progress.told !== after.progress.told ||
    before.stopSignal !== after.stopSignal ||
    before.givenUp !== after.givenUp
  );
}

/**
 * The machine of a coordinator that takes a run over. Processes that have ended meanwhile are in it as if they
 * lived: their exits are to be dispatched next. Slots without a process are to be started.
 */
export function successor(
  policy: RunPolicy,
  { journal, processes, awayMs, firstGeneration }: Succession,
  nowMs: number,
): MachineState {
  const mayLack = firstGeneration !== undefined;
  const fresh = initialMachine(policy, nowMs);
  const bySlot = new Map(processes.map((process) => [process.slot, process]));
  const isStopping = journal !== null && (journal.stopSignal ?? journal.givenUp) !== null;
  const members = fresh.membership.members.map(({ slot }) =>
    memberOf(slot, bySlot.get(slot), journal, nowMs),
  );
  const membership = {
    ...fresh.membership,
    generation: Math.max((journal?.generation ?? 0) + 1, firstGeneration ?? 0),
    // One that may have run, as far as is known here, is gone on with.
    hasRun: mayLack || (journal?.hasRun ?? false),
    stopping: isStopping,
    members,
    // Their silence counts from now on.
    heard: members.map(({ status }) =>
      status === 'returning' ? { ...NOTHING_HEARD, atMs: nowMs } : NOTHING_HEARD,
    ),
  };
  if (journal === null && !mayLack) return { ...fresh, membership };
  const { closed, told, stopSignal, givenUp, hasRun } = journal ?? NOTHING_KNOWN;
  return {
    ...fresh,
    membership,
    progress: succeedingProgress(fresh.progress, {
      closed,
      told,
      isStopping,
      mayLack,
    }),
    stopSignal,
    givenUp,
    recovering: hasRun ? { sinceMs: nowMs - awayMs, fromStep: null } : null,
  };
}

function memberOf(
  slot: number,
  process: SlotProcess | undefined,
  journal: Journal | null,
  nowMs: number,
): Member {
  const losses = journal?.losses.find((other) => other.slot === slot);
  const { attempt = losses?.attempt ?? 0, pid = null, host = null } = process ?? {};
  const member = {
    ...newMember(slot, attempt, losses?.restarts ?? 0),
    pid,
    host,
    spawnedMs: pid === null ? null : nowMs,
  };
  if (losses?.isLeftOut) return { ...member, status: 'leftOut' };
  if (!journal?.ranks.includes(slot)) return member;
  return { ...member, status: 'returning' };
}
