/** The progress of a run under way: its state lies in the engine's session, all else in a value that is replaced. */
import type { Progress } from '../../checkpoint/progress.ts';
import type { Weights } from '../../checkpoint/state-tensors.ts';
import type { Engine, Session, TrainState } from '../../engine/engine.ts';
import type { RunDefinition } from '../../run/definition.ts';
import { NOTHING_YET, type ProgressOutsideEngine, stateAtPhaseStart } from '../../run/progress.ts';

/** The phase that the session computes. */
interface OpenPhase {
  readonly index: number;
  readonly session: Session;
}

export class LiveProgress {
  readonly #run: RunDefinition;
  readonly #engine: Engine;
  #open: OpenPhase | undefined;
  #values: ProgressOutsideEngine | undefined;
  /** What the phase before ended with, until the first step of this one is done. */
  #beforePhase: Progress | undefined;

  constructor(run: RunDefinition, engine: Engine) {
    this.#run = run;
    this.#engine = engine;
  }

  get isLoaded(): boolean {
    return this.#values !== undefined;
  }

  /** All but the state. */
  get values(): ProgressOutsideEngine {
    return this.#values!;
  }

  /** Whether the phase has ended early and steps of it are left. */
  get isPassing(): boolean {
    return this.values.waiting?.isOver === true && this.values.globalStep < this.#endOfPhase;
  }

  /** The first global step that there is something to do in. */
  get nextStep(): number {
    return this.isPassing ? this.#endOfPhase : this.values.globalStep;
  }

  get #endOfPhase(): number {
    const { firstSteps, totalSteps } = this.#run.schedule;
    return firstSteps[this.phaseIndex + 1] ?? totalSteps;
  }

  get session(): Session {
    return this.#open!.session;
  }

  get phaseIndex(): number {
    return this.#open!.index;
  }

  /** Puts a progress in the session of the phase that its last step belongs to. */
  load({ state, ...values }: Progress): void {
    const { phaseIndex } = this.#run.schedule.at(Math.max(values.globalStep - 1, 0));
    this.#openPhase(phaseIndex, state);
    this.#values = values;
    this.#beforePhase = undefined;
  }

  /** A copy of everything. */
  read(): Progress {
    return { ...this.values, state: this.session.read() };
  }

  /** What follows from an all-reduce: from here on there is no way back. */
  advance(values: ProgressOutsideEngine): void {
    this.#values = values;
    this.#beforePhase = undefined;
  }

  /** Begins the phase, if it is not the present one; `returnToBoundary` undoes it. */
  enterPhase(phaseIndex: number): void {
    if (phaseIndex === this.phaseIndex) return;
    this.#beforePhase = this.read();
    this.#openPhase(phaseIndex, stateAtPhaseStart(this.#run, phaseIndex, this.values));
    this.#values = { ...this.values, ...NOTHING_YET };
  }

  /** Goes back to the end of the phase before if no step of this one is done. */
  returnToBoundary(): void {
    if (this.#beforePhase !== undefined) this.load(this.#beforePhase);
  }

  /** The weights that the phase ends with: the best where it keeps them, else the average, else the last. */
  phaseResult(): Weights {
    return this.values.best?.weights ?? this.values.average ?? this.session.readWeights();
  }

  /** What `measure` finds for the averaged weights where there are any, else for those in training. */
  async withAverage<T>(measure: () => Promise<T>): Promise<T> {
    const { average } = this.values;
    if (average === undefined) return await measure();
    const state = this.session.read();
    this.session.load({ ...average, moments: state.moments });
    try {
      return await measure();
    } finally {
      this.session.load(state);
    }
  }

  dispose(): void {
    this.#open?.session.dispose();
  }

  #openPhase(index: number, state: TrainState): void {
    const { program } = this.#run.phases[index]!;
    const open = this.#open;
    if (open !== undefined && program === this.#run.phases[open.index]!.program) {
      this.#open = { ...open, index };
    } else {
      this.dispose();
      this.#open = { index, session: this.#engine.session(program) };
    }
    this.session.load(state);
  }
}
