/** What is due once a step is done: evaluate, end the phase, save. Rank 0 writes; all ranks tell the same. */
import type { RunDefinition } from '../../run/definition.ts';
import { PROBE_HEADLINE } from '../../run/judge.ts';
import type { WorldRank } from '../../run/load-order.ts';
import { afterEvaluation, afterPhase } from '../../run/progress.ts';
import type { Comm } from '../comm.ts';
import { type EvaluationInput, evaluatePhase } from './evaluate.ts';
import type { LiveProgress } from './live-progress.ts';
import { patiently } from './patiently.ts';
import { type SaveTarget, writeCheckpoint, writePhaseResult } from './saving.ts';

export class AfterStep {
  readonly #run: RunDefinition;
  readonly #comm: Comm;
  readonly #saving: SaveTarget;
  readonly #live: LiveProgress;
  /** Global step of the checkpoint that holds the present progress, if one does. */
  savedStep: number | undefined;

  constructor(
    { run, comm, saving }: { run: RunDefinition; comm: Comm; saving: SaveTarget },
    live: LiveProgress,
  ) {
    this.#run = run;
    this.#comm = comm;
    this.#saving = saving;
    this.#live = live;
  }

  /** Everything that is due after the last step. @throws MembershipChanged */
  async finish(input: EvaluationInput): Promise<void> {
    const after = this.#run.schedule.after(input.globalStep);
    if (!this.#live.values.evaluated) await this.#evaluate(input);
    if (after.phaseEnds) await this.#endPhase(input.worldRank);
    if (after.save && (after.phaseEnds || !this.#live.isPassing)) await this.save(input.worldRank);
  }

  /** Writes a checkpoint of the present progress, unless there is one. */
  async save(worldRank: WorldRank): Promise<void> {
    const { globalStep } = this.#live.values;
    if (this.savedStep === globalStep || !isWriter(worldRank)) return;
    const progress = this.#live.read();
    const path = await this.#patiently(() => writeCheckpoint(this.#run, this.#saving, progress));
    this.savedStep = globalStep;
    this.#tell({ kind: 'checkpoint', path });
  }

  async #evaluate(input: EvaluationInput): Promise<void> {
    const { config, objective, probe } = this.#phase();
    const measured = await this.#live.withAverage(() =>
      evaluatePhase(input, this.#live.phaseIndex),
    );
    const before = this.#live.values;
    const headline = probe === undefined ? objective.headline : PROBE_HEADLINE;
    const read = () => this.#live.session.readWeights();
    this.#live.advance(
      afterEvaluation(this.#run, before, { headline, metrics: measured.metrics, read }),
    );
    const better = this.#live.values.best !== before.best;
    this.#tell({ kind: 'evaluation', phase: config.name, ...measured, better });
    this.#tellStop();
  }

  #tellStop(): void {
    const { waiting } = this.#live.values;
    if (waiting === undefined || !this.#live.isPassing) return;
    const { name, value } = waiting.metric;
    const text = `Phase "${this.#phase().config.name}" ends early: no evaluation was better than ${name} ${value} after ${waiting.stepInPhase} steps of it.`;
    this.#tell({ kind: 'status', text });
  }

  /** The phase's result: the best weights where it keeps them, else the last. */
  async #endPhase(worldRank: WorldRank): Promise<void> {
    const { globalStep, best, waiting } = this.#live.values;
    const { name } = this.#phase().config;
    const weights = this.#live.phaseResult();
    this.#live.advance(afterPhase(this.#run, this.#live.values, this.#live.phaseIndex, weights));
    const result = { globalStep, weights, best, waiting };
    if (isWriter(worldRank)) {
      await this.#patiently(() => writePhaseResult(this.#run, this.#saving, result));
    }
    this.#tell({ kind: 'phaseEnd', phase: name, best: best?.metric });
  }

  async #patiently<Result>(write: () => Promise<Result>): Promise<Result> {
    return await patiently(write, (text) => this.#comm.event({ kind: 'warning', text }));
  }

  #phase(): RunDefinition['phases'][number] {
    return this.#run.phases[this.#live.phaseIndex]!;
  }

  #tell(payload: { readonly kind: string } & Record<string, unknown>): void {
    this.#comm.result({ step: this.#live.values.globalStep, ...payload });
  }
}

const isWriter = ({ rank }: WorldRank): boolean => rank === 0;
