/**
 * The trainer of one worker. Everything it does follows from the run's definition and the step
 * number, so all ranks do the same in the same order; only rank 0 writes files.
 *
 * Its progress changes only when an all-reduce is done: a step's update, or an evaluation that may find better
 * weights. What follows a step (the phase's end, a checkpoint) is done again by every generation that begins
 * before the next update, since the rank that was to write it may be gone: it is the same each time.
 */
import type { Progress } from '../../checkpoint/progress.ts';
import { hashState } from '../../checkpoint/state-tensors.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Boundary, Origin } from '../../protocol/messages.ts';
import type { RunDefinition } from '../../run/definition.ts';
import { loadOrder, type WorldRank } from '../../run/load-order.ts';
import { Loader } from '../../run/loader/loader.ts';
import { afterPassing, afterStep } from '../../run/progress.ts';
import { PASSED } from '../../telemetry/skipped-step.ts';
import type { Comm, Membership } from '../comm.ts';
import type { Replica } from '../replica.ts';
import { AfterStep } from './after-step.ts';
import { LiveProgress } from './live-progress.ts';
import { tooManySkipped } from './non-finite.ts';
import { observedStep, type StepInput, type StepResult } from './observed-step.ts';
import type { SaveTarget } from './saving.ts';
import type { SimulatedFault } from './simulated-fault.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts';
import { stepReport, sumsToCompare } from './step-report.ts';

export interface TrainerInput {
  readonly run: RunDefinition;
  readonly engine: Engine;
  readonly comm: Comm;
  readonly saving: SaveTarget;
  /** Folder of the dataset on this host. */
  readonly store: string;
  /** Faults ordered for this process. */
  readonly faults?: readonly SimulatedFault[];
  /** The progress that the run begins with, or that its newest checkpoint has. */
  readonly findStart: (origin: Extract<Origin, { kind: 'disk' }>) => Promise<Progress>;
}

export interface TrainerEnd {
  readonly reason: 'completed' | 'drained';
  readonly globalStep: number;
  readonly stateHash: string;
}

export class Trainer implements Replica<TrainerEnd> {
  readonly #input: TrainerInput;
  readonly #live: LiveProgress;
  readonly #afterStep: AfterStep;
  #worldRank: WorldRank = { rank: 0, worldSize: 1 };
  readonly #loader: Loader;

  constructor(input: TrainerInput) {
    const { run, engine, store } = input;
    const { contentHash } = run.store.manifest;
    this.#input = input;
    this.#live = new LiveProgress(run, engine);
    this.#afterStep = new AfterStep(input, this.#live);
    this.#loader = new Loader(run.config, [].values(), { store, contentHash });
  }

  /**
   * Resolves when nothing of the user's is still being loaded. A worker takes part only then: a run that is stopped
   * before ends at once, and one that has begun would wait for this worker's next step.
   */
  async loaded(): Promise<void> {
    await this.#loader.untilExtensionsLoaded(this.#input.comm.aborted);
  }

  returnToBoundary(): Boundary | null {
    if (!this.#live.isLoaded) return null;
    this.#live.returnToBoundary();
    const { globalStep, evaluated } = this.#live.values;
    return { step: globalStep, evaluated };
  }

  async loadFromDisk(origin: Extract<Origin, { kind: 'disk' }>): Promise<void> {
    const progress = await this.#input.findStart(origin);
    this.#live.load(progress);
    this.#afterStep.savedStep = progress.globalStep > 0 ? progress.globalStep : undefined;
  }

  load(snapshot: Uint8Array): void {
    this.#live.load(decodeSnapshot(snapshot, this.#input.run.layout));
    this.#afterStep.savedStep = undefined;
  }

  snapshot(): Uint8Array {
    const { layout, phases } = this.#input.run;
    const optimizer = phases[this.#live.phaseIndex]!.config.optimizer.kind;
    return encodeSnapshot(this.#live.read(), { layout, optimizer });
  }

  stateHash(): string {
    return hashState(this.#live.session.read());
  }

  async train({ rank, worldSize }: Membership): Promise<TrainerEnd> {
    const { schedule } = this.#input.run;
    this.#worldRank = { rank, worldSize };
    this.#startLoading();
    if (this.#live.values.unfinished) await this.#finishStep();
    while (this.#live.values.globalStep < schedule.totalSteps) {
      const { globalStep } = this.#live.values;
      const lease = await this.#input.comm.awaitLease(globalStep);
      if (lease === 'drain') return await this.#end('drained');
      this.#live.enterPhase(schedule.at(globalStep).phaseIndex);
      await this.#step(globalStep);
      await this.#finishStep();
    }
    return await this.#end('completed');
  }

  async dispose(): Promise<void> {
    this.#live.dispose();
    await this.#loader.close();
  }

  async #step(step: number): Promise<void> {
    const { run, comm } = this.#input;
    if (this.#live.isPassing) return this.#passStep(step);
    const result = await observedStep(this.#stepInput(step));
    const read = () => this.#live.session.readWeights();
    this.#live.advance(afterStep(run, this.#live.values, { ...result, read }));
    const stateHash = this.#isCompared() ? this.stateHash() : undefined;
    const report = stepReport(run, step, result);
    comm.stepDone({ step, sums: sumsToCompare(result), stateHash, report });
    this.#refuseTooManySkipped(step, result);
  }

  /** What is left of a phase that has ended early: the coordinator counts its steps like any others. */
  #passStep(step: number): void {
    const { run, comm } = this.#input;
    this.#live.advance(afterPassing(this.#live.values));
    const report = run.schedule.after(step).phaseEnds ? { phaseEnds: true } : {};
    comm.stepDone({ step, sums: { [PASSED]: 1 }, stateHash: undefined, report });
  }

  /** Whether the ranks are to show that they have the same state now. */
  #isCompared(): boolean {
    const { everySteps } = this.#input.run.config.replicaCheck;
    const isDue = everySteps > 0 && this.#live.values.globalStep % everySteps === 0;
    return isDue && this.#worldRank.worldSize > 1;
  }

  #refuseTooManySkipped(globalStep: number, { spoilt }: StepResult): void {
    const { limit } = this.#input.run.config.nonFinite;
    const { skippedSteps: skipped } = this.#live.values;
    if (skipped > limit) throw tooManySkipped({ limit, skipped, globalStep }, spoilt);
  }

  async #finishStep(): Promise<void> {
    const wasPassing = this.#live.isPassing;
    await this.#afterStep.finish(this.#stepInput(this.#live.values.globalStep - 1));
    // What was loaded ahead belongs to steps that are passed over.
    if (this.#live.isPassing && !wasPassing) this.#startLoading();
  }

  async #end(reason: TrainerEnd['reason']): Promise<TrainerEnd> {
    await this.#afterStep.save(this.#worldRank);
    const stateHash = this.stateHash();
    const { globalStep } = this.#live.values;
    await this.#input.comm.finish({ step: globalStep, stateHash, reason });
    return { reason, globalStep, stateHash };
  }

  #startLoading(): void {
    const order = loadOrder(
      this.#input.run,
      this.#worldRank,
      this.#live.nextStep,
      !this.#live.values.evaluated,
    );
    this.#loader.restart(order);
  }

  #stepInput(globalStep: number): StepInput {
    const { run, comm, faults = [] } = this.#input;
    const { session } = this.#live;
    const worldRank = this.#worldRank;
    return { run, worldRank, session, loader: this.#loader, comm, globalStep, faults };
  }
}
