/**
 * The whole coordinator as one pure machine: (state, event) → (state, effects). Membership says who takes part,
 * progress how far they may go; here the two are joined, with what ends a run early. server.ts owns the
 * sockets, clocks and processes around it, the simulation simulated ones.
 */

import type { LockstepError } from '../core/errors.ts';
import { EXIT } from '../core/errors.ts';
import type { Failure } from '../core/failure.ts';
import { errorOfFailure, failure } from '../core/failure.ts';
import { capital } from '../core/format.ts';
import type { JsonObject } from '../core/json.ts';
import type { StopSignal } from '../core/stop-signal.ts';
import { codeOfSignal, exitCodeOfSignal, isStop } from '../core/stop-signal.ts';
import type { Transition } from '../core/transition.ts';
import type { CoordinatorBody, WorkerMessage } from '../protocol/messages.ts';
import type { CoordinatorEvent } from '../telemetry/coordinator-event.ts';
import { skippedStepWarnings } from '../telemetry/skipped-step.ts';
import { type LossSpikesState, NO_LOSSES, reduceLossSpikes } from './loss-spikes.ts';
import type { Of } from './member.ts';
import { reduceMembership } from './membership.ts';
import type {
  MembershipEffect,
  MembershipEvent,
  MembershipPolicy,
  MembershipState,
} from './membership-state.ts';
import { heardOf, initialMembership } from './membership-state.ts';
import type {
  ProgressEffect,
  ProgressEvent,
  ProgressState,
  SlotReport,
  StepSummary,
} from './progress.ts';
import { initialProgress, reduceProgress, takeReports } from './progress.ts';
import { NO_PACE, type PaceState, paceOf, reducePace } from './step-pace.ts';
import { NO_STRAGGLERS, reduceStragglers, type StragglersState } from './stragglers.ts';

/** Frames damaged in a row, without a finished step between them, that a run bears. */
const MOST_DAMAGED = 10;

export interface RunPolicy extends MembershipPolicy {
  /** Global steps of the whole run, those before a resumed checkpoint included. */
  readonly totalSteps: number;
}

export interface MachineState {
  readonly membership: MembershipState;
  readonly progress: ProgressState;
  /** The first signal that came. */
  readonly stopSignal: StopSignal | null;
  /** Too few workers were left: what there was is saved. */
  readonly givenUp: Failure | null;
  /** Workers were lost, and no step has been finished since; `fromStep`: that of the new generation, once it runs. */
  readonly recovering: { readonly sinceMs: number; readonly fromStep: number | null } | null;
  readonly stragglers: StragglersState;
  readonly lossSpikes: LossSpikesState;
  readonly pace: PaceState;
  /** Frames that arrived damaged since a step was finished. */
  readonly damagedFrames: number;
  readonly nowMs: number;
}

/** A process of this run said something. */
export interface MessageEvent<Message extends WorkerMessage = WorkerMessage> {
  readonly kind: 'message';
  readonly slot: number;
  readonly attempt: number;
  readonly message: Message;
  readonly nowMs: number;
}

export type ReportEvent = MessageEvent<Of<'stepDone'>>;

export type MachineEvent =
  | Extract<MembershipEvent, { kind: 'spawned' | 'exited' | 'tick' | 'stalled' | 'hold' }>
  | MessageEvent
  /** A process of this run said something that is no message. */
  | {
      readonly kind: 'nonsense';
      readonly slot: number;
      readonly attempt: number;
      readonly error: Failure;
      readonly nowMs: number;
    }
  | { readonly kind: 'signal'; readonly signal: StopSignal };

export interface CoordinatorOutcome {
  /** `drained`: the run ended early, at a step boundary, with everything saved. */
  readonly kind: 'completed' | 'drained' | 'aborted';
  readonly exitCode: number;
  /** One sentence. */
  readonly reason: string;
  /** Steps that every rank has applied; of an aborted run, those that the coordinator knows of. */
  readonly step: number;
  /** Hash of weights, statistics and optimizer on which all ranks agree; null for an aborted run. */
  readonly stateHash: string | null;
  /** Why it ended early, unless by a signal. */
  readonly error: LockstepError | null;
}

export type MachineEffect =
  | { readonly kind: 'send'; readonly slot: number; readonly body: CoordinatorBody }
  | { readonly kind: 'launch'; readonly slot: number; readonly attempt: number }
  | { readonly kind: 'kill'; readonly slot: number }
  | { readonly kind: 'event'; readonly event: CoordinatorEvent }
  | { readonly kind: 'end'; readonly outcome: CoordinatorOutcome };

export interface MachineTransition {
  readonly state: MachineState;
  readonly effects: readonly MachineEffect[];
}

export function initialMachine(policy: RunPolicy, nowMs: number): MachineState {
  return {
    membership: initialMembership(policy, nowMs),
    progress: initialProgress(policy.totalSteps, policy.worldSize),
    stopSignal: null,
    givenUp: null,
    recovering: null,
    stragglers: NO_STRAGGLERS,
    lossSpikes: NO_LOSSES,
    pace: NO_PACE,
    damagedFrames: 0,
    nowMs,
  };
}

/** Whether a frame is to be heard from this process: not from one whose slot has another by now. */
export function isHeard({ membership }: MachineState, slot: number, attempt: number): boolean {
  const member = membership.members.at(slot);
  const isGone = member?.status === 'absent' || member?.status === 'leftOut';
  return member?.attempt === attempt && !isGone;
}

export function reduceMachine(before: MachineState, event: MachineEvent): MachineTransition {
  const run = new Step(before);
  if ('nowMs' in event) run.state.nowMs = event.nowMs;
  run.on(event);
  return { state: run.state, effects: run.effects };
}

/**
 * Takes reports of one step that came together in one pass; `events` has at least one. The result is that of one after
 * the other. Null if that is how they must be taken: some are not what is awaited.
 */
export function reduceReports(
  before: MachineState,
  events: readonly ReportEvent[],
): MachineTransition | null {
  const run = new Step(before);
  run.state.nowMs = events.at(-1)!.nowMs;
  return run.takeReports(events) ? { state: run.state, effects: run.effects } : null;
}

function reportOf({ slot, message }: Pick<ReportEvent, 'slot' | 'message'>): SlotReport {
  const { sums, stateHash, report } = message;
  return { slot, sums, stateHash, report };
}

/** One transition under way: what one reducer decides may be an event for the other. */
class Step {
  /** One copy for the whole transition: 8 000 workers ask for as many of these a step. */
  readonly state: { -readonly [Key in keyof MachineState]: MachineState[Key] };
  readonly effects: MachineEffect[] = [];

  constructor(before: MachineState) {
    this.state = { ...before };
  }

  on(event: MachineEvent): void {
    switch (event.kind) {
      case 'message':
        if (isHeard(this.state, event.slot, event.attempt)) this.#onMessage(event);
        return;
      case 'nonsense':
        if (isHeard(this.state, event.slot, event.attempt)) this.#onNonsense(event);
        return;
      case 'exited':
        this.#onExit(event);
        return;
      case 'signal':
        this.#onSignal(event.signal);
        return;
      default:
        this.#membership(event);
    }
  }

  takeReports(events: readonly ReportEvent[]): boolean {
    const { membership, progress } = this.state;
    const { step } = events[0]!.message;
    const isDue = ({ slot, attempt, message }: ReportEvent) =>
      message.step === step && isHeard(this.state, slot, attempt);
    if (membership.status === 'ended' || !events.every(isDue)) return false;
    const taken = takeReports(progress, step, events.map(reportOf));
    if (taken === null) return false;
    this.#membership({ kind: 'reported', step, from: events });
    this.#applyProgress(taken);
    return true;
  }

  #onMessage(event: MessageEvent): void {
    const { slot, message, nowMs } = event;
    if (message.kind === 'hello' && message.slot !== slot) {
      const why = `It says that it is in slot ${message.slot}.`;
      this.#membership({ kind: 'misbehaved', slot, why, nowMs });
      return;
    }
    const { status, generation } = this.state.membership;
    if (message.kind === 'finished' && status === 'running' && message.generation === generation) {
      this.#progress({ kind: 'finished', slot, step: message.step });
    }
    this.#membership({ kind: 'message', slot, message, nowMs });
    if (this.state.membership.status === 'ended') return;
    if (message.kind === 'stepDone') {
      this.#progress({ kind: 'stepDone', step: message.step, ...reportOf({ slot, message }) });
    }
    if (message.kind === 'result') this.#progress({ ...message, slot });
    if (message.kind === 'damaged') this.#onDamaged(slot, message);
    if (message.kind === 'signalled') this.#requestStop(message.signal, `worker ${slot} got `);
    if (message.kind === 'event') {
      const { step, payload } = message;
      this.#tell({ kind: 'event', rank: slot, step, payload });
    }
  }

  /** What was sent is lost, so the step is done again in a new generation; a link that spoils all ends the run. */
  #onDamaged(slot: number, { generation, sender }: Of<'damaged'>): void {
    const { membership, damagedFrames } = this.state;
    const from = membership.ranks[sender];
    if (generation !== membership.generation || from === undefined) return;
    const what = `a frame of numbers from worker ${from} to worker ${slot} was damaged on the way`;
    this.#status(what, true);
    this.state.damagedFrames = damagedFrames + 1;
    if (damagedFrames + 1 > MOST_DAMAGED) {
      const text = `${capital(what)}, the ${damagedFrames + 1}th since a step was finished.`;
      this.#abort(
        failure('PROTOCOL', text, 'Check network and memory of their hosts, then resume.'),
      );
      return;
    }
    this.#membership({ kind: 'gap', why: 'a frame was damaged' });
  }

  #onNonsense({ slot, error, nowMs }: Extract<MachineEvent, { kind: 'nonsense' }>): void {
    if (this.state.membership.members.at(slot)!.hello === null) return;
    this.#membership({ kind: 'misbehaved', slot, why: error.message, nowMs });
  }

  #onExit(event: Extract<MachineEvent, { kind: 'exited' }>): void {
    const { hasRun, members } = this.state.membership;
    if (hasRun && members.at(event.slot)!.rank !== null && this.state.recovering === null) {
      this.state.recovering = { sinceMs: event.nowMs, fromStep: null };
    }
    this.#membership(event);
  }

  #onSignal(signal: StopSignal): void {
    if (this.state.stopSignal !== null && signal === 'SIGINT') {
      const text = 'The run was interrupted a second time, so it stopped at once.';
      this.#abort(failure('INTERRUPTED', text, 'Resume from the last checkpoint.'));
      return;
    }
    this.#requestStop(signal, '');
  }

  /** Once for all: the first signal decides, whoever got it. */
  #requestStop(signal: StopSignal, prefix: string): void {
    if (this.state.stopSignal !== null) return;
    this.state.stopSignal = signal;
    if (this.state.membership.hasRun) {
      this.#progress({ kind: 'drain', cause: `${prefix}${signal}` });
      this.#membership({ kind: 'stop' });
      return;
    }
    const text = `${prefix}${signal} came before the first step.`;
    this.#abort(failure(codeOfSignal(signal), text, 'Nothing was lost.'));
  }

  #abort(reason: Failure): void {
    this.#membership({ kind: 'abort', failure: reason });
  }

  #membership(event: MembershipEvent): void {
    const { lastLoss } = this.state.membership;
    const { state, effects, reason } = reduceMembership(this.state.membership, event);
    this.state.membership = state;
    this.#status(reason, state.lastLoss !== lastLoss && state.status !== 'ended');
    for (const effect of effects) this.#applyMembership(effect);
  }

  #applyMembership(effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'send':
      case 'launch':
      case 'kill':
        this.effects.push(effect);
        return;
      case 'start':
        this.#progress(effect);
        this.state.pace = NO_PACE;
        this.#startRecovering(effect.step);
        return;
      case 'giveUp':
        this.state.givenUp = effect.failure;
        this.#progress({ kind: 'drain', cause: effect.failure.message });
        return;
      case 'abort':
        this.effects.push({ kind: 'end', outcome: this.#aborted(effect.failure) });
        return;
      case 'complete':
        this.effects.push({ kind: 'end', outcome: this.#finished(effect) });
    }
  }

  #progress(event: ProgressEvent): void {
    this.#applyProgress(reduceProgress(this.state.progress, event));
  }

  #applyProgress({ state, effects, reason }: Transition<ProgressState, ProgressEffect>): void {
    this.state.progress = state;
    this.#status(reason);
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: ProgressEffect): void {
    switch (effect.kind) {
      case 'broadcast':
        this.#broadcast(effect.body);
        return;
      case 'step':
        this.#tell({ kind: 'step', ...effect.summary });
        this.state.damagedFrames = 0;
        for (const text of skippedStepWarnings(effect.summary)) this.#status(text, true);
        this.#sayRecovered(effect.summary.step);
        this.#nameStraggler(effect.summary.reports);
        this.#noticeSpike(effect.summary);
        this.#learnPace(effect.summary.reports);
        return;
      case 'tell': {
        const { slot, step, payload } = effect;
        this.#tell({ kind: 'event', rank: slot, step, payload });
        return;
      }
      case 'gap':
        this.#membership(effect);
        return;
      case 'abort':
        this.#abort(effect.failure);
    }
  }

  #broadcast(body: CoordinatorBody): void {
    for (const slot of this.state.membership.ranks) this.effects.push({ kind: 'send', slot, body });
  }

  #startRecovering(fromStep: number): void {
    const { recovering } = this.state;
    if (recovering === null) return;
    this.state.recovering = { ...recovering, fromStep };
  }

  #sayRecovered(step: number): void {
    const { recovering, nowMs } = this.state;
    if (recovering === null || recovering.fromStep === null || step < recovering.fromStep) return;
    this.state.recovering = null;
    const ms = Math.round(nowMs - recovering.sinceMs);
    this.#status(`step ${step} was finished ${ms} ms after the loss`);
  }

  #nameStraggler(reports: readonly JsonObject[]): void {
    const { ranks } = this.state.membership;
    const { state, warning } = reduceStragglers(this.state.stragglers, reports, ranks);
    this.state.stragglers = state;
    this.#status(warning, true);
  }

  #noticeSpike({ step, reports }: StepSummary): void {
    const { state, warning } = reduceLossSpikes(this.state.lossSpikes, step, reports[0] ?? {});
    this.state.lossSpikes = state;
    this.#status(warning, true);
  }

  #learnPace(reports: readonly JsonObject[]): void {
    const { shortestHangMs } = this.state.membership.policy;
    const pace = reducePace(this.state.pace, reports);
    this.state.pace = pace;
    this.#membership({ kind: 'paced', pace: paceOf(pace, shortestHangMs) });
  }

  #status(text: string, isWarning = false): void {
    if (text !== '') this.#tell({ kind: 'status', text, ...(isWarning && { isWarning }) });
  }

  #tell(event: CoordinatorEvent): void {
    this.effects.push({ kind: 'event', event });
  }

  #aborted(reason: Failure): CoordinatorOutcome {
    const { membership, progress, stopSignal } = this.state;
    const error = errorOfFailure(reason);
    const signal = isStop(error) ? stopSignal : null;
    const exitCode = signal === null ? error.exitCode : exitCodeOfSignal(signal);
    const steps = membership.members
      .toArray()
      .filter(({ rank }) => rank !== null)
      .map((member) => heardOf(membership, member).step);
    const step = steps.length === 0 ? progress.closed : Math.min(...steps);
    return { kind: 'aborted', exitCode, reason: error.message, step, stateHash: null, error };
  }

  #finished({ step, stateHash }: { step: number; stateHash: string }): CoordinatorOutcome {
    const { progress, stopSignal, givenUp } = this.state;
    const { totalSteps } = progress;
    const common = { step, stateHash, error: null };
    // What came during the last steps ended nothing early.
    if (step === totalSteps || (stopSignal === null && givenUp === null)) {
      const reason = `All ${step} steps are done.`;
      return { kind: 'completed', exitCode: EXIT.done, reason, ...common };
    }
    if (stopSignal === null) {
      const error = errorOfFailure(givenUp!);
      const reason = `Saved after ${step} of ${totalSteps} steps: ${error.message}`;
      return { kind: 'drained', ...common, exitCode: error.exitCode, reason, error };
    }
    const reason = `${stopSignal}: saved after ${step} of ${totalSteps} steps.`;
    return { kind: 'drained', exitCode: exitCodeOfSignal(stopSignal), reason, ...common };
  }
}
