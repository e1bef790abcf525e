/**
 * The trainer of one worker. Everything it does follows from the run's definition and the step
 * number, so all ranks do the same in the same order; only rank 0 writes files.
 *
 * Its state changes only when an all-reduce is done: a step's update, or an evaluation that may find better
 * weights. What follows a step (the phase's end, a checkpoint) is done again by every generation that begins
 * before the next update, since whoever was to write it may be gone: it is the same each time.
 */
import { hashState } from '../../checkpoint/state-tensors.ts';
import type { BestWeights } from '../../checkpoint/store.ts';
import type { Engine, Session, TrainState } from '../../engine/engine.ts';
import type { Boundary, Origin } from '../../protocol/messages.ts';
import type { RunDefinition } from '../../run/definition.ts';
import { loadOrder, type WorldRank } from '../../run/load-order.ts';
import { Loader } from '../../run/loader/loader.ts';
import { isBetter, type Progress, stateAtPhaseStart } from '../../run/progress.ts';
import { SKIPPED } from '../../telemetry/skipped-step.ts';
import type { Comm, Membership } from '../comm.ts';
import type { Replica } from '../replica.ts';
import { evaluatePhase } from './evaluate.ts';
import { tooManySkipped } from './non-finite.ts';
import type { Start } from './restoring.ts';
import { type SavingPlace, writeCheckpoint, writePhaseResult } from './saving.ts';
import type { SimulatedFault } from './simulated-fault.ts';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './snapshot.ts';
import { type StepResult, trainStep } from './train-step.ts';

export interface TrainerInput {
  readonly run: RunDefinition;
  readonly engine: Engine;
  readonly comm: Comm;
  readonly saving: SavingPlace;
  /** Faults ordered for this process. */
  readonly faults?: readonly SimulatedFault[];
  /** The state that the run begins with, or that its newest checkpoint has. */
  readonly findStart: (origin: Extract<Origin, { kind: 'disk' }>) => Promise<Start>;
}

export interface TrainerEnd {
  readonly reason: 'completed' | 'drained';
  readonly globalStep: number;
  readonly stateHash: string;
}

/** What a phase ended with, until the first update of the next one is done. */
interface PhaseEnd {
  readonly phaseIndex: number;
  readonly state: TrainState;
  readonly best: BestWeights | undefined;
}

export class Trainer implements Replica<TrainerEnd> {
  readonly #input: TrainerInput;
  #worldRank: WorldRank = { rank: 0, worldSize: 1 };
  #loader: Loader | undefined;
  #known: Pick<Progress, 'results'> & Pick<Start, 'initialWeights'> = {
    results: new Map(),
    initialWeights: undefined,
  };
  #globalStep = 0;
  #evaluated = true;
  /** A step has been applied since the state came from the disk: what follows it may have to be done. */
  #unfinished = false;
  /** Steps in a row, the last one included, whose update was skipped. */
  #skippedSteps = 0;
  #best: BestWeights | undefined;
  #phaseIndex = -1;
  #session: Session | undefined;
  #phaseBefore: PhaseEnd | undefined;
  /** The checkpoint that holds the present state, if one does. */
  #savedStep: number | undefined;

  constructor(input: TrainerInput) {
    this.#input = input;
  }

  returnToBoundary(): Boundary | null {
    if (this.#session === undefined) return null;
    if (this.#phaseBefore !== undefined) {
      const { phaseIndex, state, best } = this.#phaseBefore;
      this.#openSession(phaseIndex, state);
      this.#best = best;
      this.#phaseBefore = undefined;
    }
    return { step: this.#globalStep, evaluated: this.#evaluated };
  }

  async loadFromDisk(origin: Extract<Origin, { kind: 'disk' }>): Promise<void> {
    const start = await this.#input.findStart(origin);
    this.#begin({ ...start, evaluated: true, unfinished: false });
    if (start.globalStep > 0) this.#savedStep = start.globalStep;
  }

  load(snapshot: Uint8Array): void {
    this.#begin(decodeSnapshot(snapshot));
  }

  snapshot(): Uint8Array {
    return encodeSnapshot({
      ...this.#known,
      globalStep: this.#globalStep,
      evaluated: this.#evaluated,
      unfinished: this.#unfinished,
      skippedSteps: this.#skippedSteps,
      state: this.#theSession().read(),
      best: this.#best,
    });
  }

  stateHash(): string {
    return hashState(this.#theSession().read());
  }

  async train({ rank, worldSize }: Membership): Promise<TrainerEnd> {
    const { schedule } = this.#input.run;
    this.#worldRank = { rank, worldSize };
    this.#startLoading();
    if (this.#unfinished) await this.#finishStep();
    while (this.#globalStep < schedule.totalSteps) {
      const lease = await this.#input.comm.awaitLease(this.#globalStep);
      if (lease === 'drain') return await this.#end('drained');
      this.#enterPhase(schedule.at(this.#globalStep).phaseIndex);
      await this.#step();
    }
    return await this.#end('completed');
  }

  async dispose(): Promise<void> {
    this.#session?.dispose();
    await this.#loader?.close();
  }

  async #step(): Promise<void> {
    const { run, comm } = this.#input;
    const step = this.#globalStep;
    const { objective } = this.#phase();
    const result = await trainStep(this.#stepInput(step));
    this.#globalStep++;
    this.#skippedSteps = result.isSkipped ? this.#skippedSteps + 1 : 0;
    this.#evaluated = !run.schedule.after(step).evaluate;
    this.#unfinished = true;
    this.#phaseBefore = undefined;
    const stateHash = this.#isCompared() ? this.stateHash() : undefined;
    const report = this.#report(step, result, objective);
    comm.stepDone({ step, sums: toldSums(result), stateHash, report });
    this.#refuseTooManySkipped(step, result);
    await this.#finishStep();
  }

  /** Whether the ranks are to show that they have the same state now. */
  #isCompared(): boolean {
    const { everySteps } = this.#input.run.config.replicaCheck;
    const isDue = everySteps > 0 && this.#globalStep % everySteps === 0;
    return isDue && this.#worldRank.worldSize > 1;
  }

  #refuseTooManySkipped(globalStep: number, { spoilt }: StepResult): void {
    const { limit } = this.#input.run.config.nonFinite;
    const skipped = this.#skippedSteps;
    if (skipped > limit) throw tooManySkipped({ limit, skipped, globalStep }, spoilt);
  }

  /** What is due after the last step that was applied. */
  async #finishStep(): Promise<void> {
    const after = this.#input.run.schedule.after(this.#globalStep - 1);
    if (!this.#evaluated) await this.#evaluate(this.#globalStep - 1);
    if (after.phaseEnds) await this.#endPhase();
    if (after.save) await this.#save();
  }

  #report(
    step: number,
    result: StepResult,
    objective: RunDefinition['phases'][number]['objective'],
  ): Record<string, unknown> {
    const { learningRate, stepInPhase } = this.#input.run.schedule.at(step);
    const { tokens, positions, timings, sums, spoilt } = result;
    return {
      phase: this.#phase().config.name,
      stepInPhase,
      learningRate,
      metrics: objective.metrics(sums),
      tokens,
      positions,
      timings,
      ...(this.#input.run.schedule.after(step).phaseEnds && { phaseEnds: true }),
      ...(spoilt.length > 0 && { nonFinite: spoilt }),
    };
  }

  async #evaluate(step: number): Promise<void> {
    const { config, objective } = this.#phase();
    const metrics = await evaluatePhase(this.#stepInput(step), this.#phaseIndex);
    this.#evaluated = true;
    const better = isBetter(config, objective.headline, metrics, this.#best);
    if (better) {
      const { parameters, statistics } = this.#theSession().read();
      const name = objective.headline.metric;
      const metric = { name, value: metrics[name]! };
      const stepInPhase = this.#input.run.schedule.at(step).stepInPhase + 1;
      this.#best = { metric, stepInPhase, weights: { parameters, statistics } };
    }
    this.#tell({ kind: 'evaluation', phase: config.name, metrics, better });
  }

  /** The phase's result: the best weights where it keeps them, else the last. */
  async #endPhase(): Promise<void> {
    const { run, saving } = this.#input;
    const { config } = this.#phase();
    const weights = this.#best?.weights ?? this.#theSession().read();
    this.#known.results.set(config.name, weights);
    const result = { globalStep: this.#globalStep, weights, best: this.#best };
    if (this.#isWriter()) await writePhaseResult(run, saving, result);
    this.#tell({ kind: 'phaseEnd', phase: config.name, best: this.#best?.metric });
  }

  async #save(): Promise<void> {
    if (this.#savedStep === this.#globalStep || !this.#isWriter()) return;
    const { run, saving } = this.#input;
    const state = this.#theSession().read();
    const [globalStep, skippedSteps] = [this.#globalStep, this.#skippedSteps];
    const content = { globalStep, skippedSteps, state, best: this.#best };
    const path = await writeCheckpoint(run, saving, content);
    this.#savedStep = this.#globalStep;
    this.#tell({ kind: 'checkpoint', path });
  }

  async #end(reason: TrainerEnd['reason']): Promise<TrainerEnd> {
    await this.#save();
    const stateHash = this.stateHash();
    await this.#input.comm.finish({ step: this.#globalStep, stateHash, reason });
    return { reason, globalStep: this.#globalStep, stateHash };
  }

  /** Puts a state in the session of the phase that it belongs to. */
  #begin({ state, ...progress }: Snapshot): void {
    const { globalStep, evaluated, unfinished, best, results, initialWeights } = progress;
    this.#skippedSteps = progress.skippedSteps;
    this.#globalStep = globalStep;
    this.#evaluated = evaluated;
    this.#unfinished = unfinished;
    this.#best = best;
    this.#known = { results, initialWeights };
    this.#phaseBefore = undefined;
    this.#savedStep = undefined;
    const { phaseIndex } = this.#input.run.schedule.at(Math.max(globalStep - 1, 0));
    this.#openSession(phaseIndex, state);
  }

  #startLoading(): void {
    const { run } = this.#input;
    const order = loadOrder(run, this.#worldRank, this.#globalStep, !this.#evaluated);
    if (this.#loader === undefined) this.#loader = new Loader(run.config, order);
    else this.#loader.restart(order);
  }

  #enterPhase(phaseIndex: number): void {
    if (phaseIndex === this.#phaseIndex) return;
    this.#phaseBefore = {
      phaseIndex: this.#phaseIndex,
      state: this.#theSession().read(),
      best: this.#best,
    };
    this.#best = undefined;
    this.#openSession(phaseIndex, stateAtPhaseStart(this.#input.run, phaseIndex, this.#known));
  }

  #openSession(phaseIndex: number, state: TrainState): void {
    if (phaseIndex !== this.#phaseIndex) {
      this.#session?.dispose();
      this.#session = this.#input.engine.session(this.#input.run.phases[phaseIndex]!.program);
      this.#phaseIndex = phaseIndex;
    }
    this.#theSession().load(state);
  }

  #stepInput(globalStep: number) {
    const { run, comm, faults = [] } = this.#input;
    const session = this.#theSession();
    const worldRank = this.#worldRank;
    return { run, worldRank, session, loader: this.#loader!, comm, globalStep, faults };
  }

  #theSession(): Session {
    return this.#session!;
  }

  #phase(): RunDefinition['phases'][number] {
    return this.#input.run.phases[this.#phaseIndex]!;
  }

  #isWriter(): boolean {
    return this.#worldRank.rank === 0;
  }

  #tell(payload: { readonly kind: string } & Record<string, unknown>): void {
    this.#input.comm.result({ step: this.#globalStep, ...payload });
  }
}

/** What all ranks must have alike: reduced values that are finite, and whether the step was skipped. */
function toldSums({ sums, isSkipped }: StepResult): Record<string, number> {
  const finite = Object.entries(sums).filter(([, value]) => Number.isFinite(value));
  return { ...Object.fromEntries(finite), ...(isSkipped && { [SKIPPED]: 1 }) };
}
