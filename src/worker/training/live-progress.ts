/** The progress of a run under way: its state lies in the engine's session, all else in a value that is replaced. */
import type { Progress } from '../../checkpoint/progress.ts';
import type { Weights } from '../../checkpoint/state-tensors.ts';
import type { Engine, Session, TrainState } from '../../engine/engine.ts';
import type { RunDefinition } from '../../run/definition.ts';
import { type ProgressOutsideEngine, stateAtPhaseStart } from '../../run/progress.ts';

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
    this.#values = { ...this.values, best: undefined };
  }

  /** Goes back to the end of the phase before if no step of this one is done. */
  returnToBoundary(): void {
    if (this.#beforePhase !== undefined) this.load(this.#beforePhase);
  }

  /** The weights that the phase ends with: the best where it keeps them, else the last. */
  phaseResult(): Weights {
    return this.values.best?.weights ?? this.session.read();
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
