/**
 * The training loop of one worker. Everything it does follows from the run's definition and the step
 * number, so all ranks do the same in the same order; only rank 0 writes files.
 */
import { hashState } from '../checkpoint/state-tensors.ts';
import type { BestWeights } from '../checkpoint/store.ts';
import { Loader } from '../data/loader/loader.ts';
import type { Engine, Session } from '../engine/engine.ts';
import type { Comm } from './comm.ts';
import { evaluatePhase } from './evaluate.ts';
import { loadOrder, type Place } from './load-order.ts';
import { isBetter, stateAtPhaseStart } from './phase-state.ts';
import type { Start } from './restoring.ts';
import type { RunDefinition } from './run-definition.ts';
import { type SavingPlace, writeCheckpoint, writePhaseResult } from './saving.ts';
import { type StepResult, trainStep } from './train-step.ts';

export interface LoopInput {
  readonly run: RunDefinition;
  readonly engine: Engine;
  readonly comm: Comm;
  readonly place: Place;
  readonly saving: SavingPlace;
  readonly start: Start;
}

export interface LoopEnd {
  readonly reason: 'completed' | 'drained';
  readonly globalStep: number;
  readonly stateHash: string;
}

/** @throws LockstepError what ended the run early */
export async function runLoop(input: LoopInput): Promise<LoopEnd> {
  const loader = new Loader(
    input.run.config,
    loadOrder(input.run, input.place, input.start.globalStep),
  );
  const loop = new TrainingLoop(input, loader);
  try {
    return await loop.run();
  } finally {
    loop.dispose();
    await loader.close();
  }
}

class TrainingLoop {
  readonly #input: LoopInput;
  readonly #loader: Loader;
  #globalStep: number;
  #best: BestWeights | undefined;
  #phaseIndex = -1;
  #session: Session | undefined;
  /** The checkpoint that holds the present state, if one does. */
  #savedStep: number | undefined;

  constructor(input: LoopInput, loader: Loader) {
    this.#input = input;
    this.#loader = loader;
    this.#globalStep = input.start.globalStep;
    this.#best = input.start.best;
  }

  async run(): Promise<LoopEnd> {
    const { schedule } = this.#input.run;
    this.#resumePhase();
    while (this.#globalStep < schedule.totalSteps) {
      const lease = await this.#input.comm.awaitLease(this.#globalStep);
      if (lease === 'drain') return await this.#end('drained');
      this.#enterPhase(schedule.at(this.#globalStep).phaseIndex);
      await this.#step();
    }
    return await this.#end('completed');
  }

  dispose(): void {
    this.#session?.dispose();
  }

  async #step(): Promise<void> {
    const { run, comm } = this.#input;
    const step = this.#globalStep;
    const phase = run.phases[this.#phaseIndex]!;
    const result = await trainStep(this.#stepInput(step));
    const after = run.schedule.after(step);
    this.#globalStep++;
    if (after.evaluate) await this.#evaluate(step);
    if (after.phaseEnds) await this.#endPhase();
    if (after.save) await this.#save();
    comm.stepDone({ step, sums: result.sums, report: this.#report(step, result, phase.objective) });
  }

  #report(
    step: number,
    result: StepResult,
    objective: RunDefinition['phases'][number]['objective'],
  ): Record<string, unknown> {
    const { learningRate, stepInPhase } = this.#input.run.schedule.at(step);
    const { tokens, positions, timings, sums } = result;
    return {
      phase: this.#phase().config.name,
      stepInPhase,
      learningRate,
      metrics: objective.metrics(sums),
      tokens,
      positions,
      timings,
    };
  }

  async #evaluate(step: number): Promise<void> {
    const { config, objective } = this.#phase();
    const metrics = await evaluatePhase(this.#stepInput(step), this.#phaseIndex);
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
    const { run, saving, start } = this.#input;
    const { config } = this.#phase();
    const weights = this.#best?.weights ?? this.#theSession().read();
    start.results.set(config.name, weights);
    const result = { globalStep: this.#globalStep, weights, best: this.#best };
    if (this.#isWriter()) await writePhaseResult(run, saving, result);
    this.#tell({ kind: 'phaseEnd', phase: config.name, best: this.#best?.metric });
  }

  async #save(): Promise<void> {
    if (this.#savedStep === this.#globalStep) return;
    this.#savedStep = this.#globalStep;
    if (!this.#isWriter()) return;
    const { run, saving } = this.#input;
    const state = this.#theSession().read();
    const content = { globalStep: this.#globalStep, state, best: this.#best };
    const path = await writeCheckpoint(run, saving, content);
    this.#tell({ kind: 'checkpoint', path });
  }

  async #end(reason: LoopEnd['reason']): Promise<LoopEnd> {
    await this.#save();
    const stateHash = hashState(this.#theSession().read());
    await this.#input.comm.finish({ step: this.#globalStep, stateHash, reason });
    return { reason, globalStep: this.#globalStep, stateHash };
  }

  /** Puts the start's state in the session of the phase that it belongs to. */
  #resumePhase(): void {
    const { run, start } = this.#input;
    const { phaseIndex } = run.schedule.at(Math.max(start.globalStep - 1, 0));
    this.#openSession(phaseIndex, start.state);
    if (start.globalStep > 0) this.#savedStep = start.globalStep;
  }

  #enterPhase(phaseIndex: number): void {
    if (phaseIndex === this.#phaseIndex) return;
    const { run, start } = this.#input;
    this.#best = undefined;
    this.#openSession(phaseIndex, stateAtPhaseStart(run, phaseIndex, start));
  }

  #openSession(phaseIndex: number, state: Parameters<Session['load']>[0]): void {
    this.#session?.dispose();
    this.#session = this.#input.engine.session(this.#input.run.phases[phaseIndex]!.program);
    this.#session.load(state);
    this.#phaseIndex = phaseIndex;
  }

  #stepInput(globalStep: number) {
    const { run, place, comm } = this.#input;
    const session = this.#theSession();
    return { run, place, session, loader: this.#loader, comm, globalStep };
  }

  #theSession(): Session {
    return this.#session!;
  }

  #phase(): RunDefinition['phases'][number] {
    return this.#input.run.phases[this.#phaseIndex]!;
  }

  #isWriter(): boolean {
    return this.#input.place.rank === 0;
  }

  /** Results are the same on every rank: one of them tells. */
  #tell(payload: Record<string, unknown>): void {
    if (this.#isWriter()) this.#input.comm.event({ step: this.#globalStep, ...payload });
  }
}
