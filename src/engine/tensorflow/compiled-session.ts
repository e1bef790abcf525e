/**
 * A session that records each kind of step once, when a verb first needs it, and then runs it as a graph. The
 * graph holds the state: in a step, only a micro-batch goes to TensorFlow and only a leaf comes back.
 */
import {
  type ActivationRange,
  type ApplyInput,
  DROPOUT_FEED,
  type Feed,
  type FeedDescription,
  type MicroBatch,
  type Program,
  type Session,
  type TrainState,
} from '../engine.ts';
import { LONG } from '../formulations.ts';
import { finishSums, mergeLeaves } from '../leaf-vector.ts';
import { updateRunningStatistics } from '../running-statistics.ts';
import { paddingOf } from '../tfjs/batch-context.ts';
import { TfjsSession } from '../tfjs/session.ts';
import { type Backend, evaluationStep, forwardStep, gradientStep } from '../tfjs/steps.ts';
import type { NodeBackend } from './binding.ts';
import { type Compiled, compile } from './compile.ts';
import type { Fetched } from './graph/running-graph.ts';
import { type RecordedStep, recordBatchStep, type StepVariant } from './record-step.ts';

const STEPS = { gradients: gradientStep, evaluate: evaluationStep, forward: forwardStep } as const;
type Verb = keyof typeof STEPS;

/** The session of `engine.kind: compiled`. */
export class CompiledSession implements Session {
  readonly #backend: Backend;
  readonly #node: NodeBackend;
  readonly #program: Program;
  /** Recorded steps by verb, variant and feeds. */
  readonly #steps = new Map<string, RecordedStep>();
  #compiled: Compiled | undefined;
  /** The state for the next graph. */
  #state: TrainState | undefined;
  #statistics: Float32Array = new Float32Array();

  constructor(backend: Backend, node: NodeBackend, program: Program) {
    this.#backend = backend;
    this.#node = node;
    this.#program = program;
  }

  load(state: TrainState): void {
    this.#statistics = state.statistics.slice();
    // No graph until a verb needs one: a graph built now would lack the step of the first verb.
    if (this.#compiled === undefined) this.#state = copyOf(state);
    else this.#compiled.load(state);
  }

  gradients(batch: MicroBatch): Float32Array {
    const { leaf } = this.#program;
    return finishSums(this.#run('gradients', batch).data, batch, leaf.sums, leaf.sumOffset);
  }

  merge(left: Float32Array, right: Float32Array): Float32Array {
    return mergeLeaves(left, right);
  }

  apply({ total, learningRate, step, statisticsMomentum }: ApplyInput): void {
    const { leaf, state, update } = this.#program;
    const weight = total[leaf.sumOffset + 1]!;
    if (weight === 0) return;
    const layouts = { state, leaf };
    this.#statistics = updateRunningStatistics(
      this.#statistics,
      total,
      layouts,
      statisticsMomentum,
    );
    this.#graph().apply({
      gradient: total.subarray(0, state.parameterCount),
      weight,
      scalars: update.scalars({ learningRate, step }),
      statistics: this.#statistics,
    });
  }

  evaluate(batch: MicroBatch): Float32Array {
    return finishSums(this.#run('evaluate', batch).data, batch, this.#program.leaf.sums, 0);
  }

  forward(batch: MicroBatch): { shape: readonly number[]; data: Float32Array } {
    return this.#run('forward', batch);
  }

  read(): TrainState {
    return this.#compiled?.read() ?? copyOf(this.#pending());
  }

  readWeights(): Pick<TrainState, 'parameters' | 'statistics'> {
    const parameters = this.#compiled?.readParameters() ?? this.#pending().parameters.slice();
    return { parameters, statistics: this.#statistics.slice() };
  }

  /** Uses an eager session, which runs one operation at a time. */
  inspect(batch: MicroBatch): ActivationRange[] {
    const eager = new TfjsSession(this.#backend, this.#program);
    try {
      eager.load(this.read());
      return eager.inspect(batch);
    } finally {
      eager.dispose();
    }
  }

  dispose(): void {
    this.#compiled?.close();
    this.#compiled = undefined;
  }

  #run(verb: Verb, batch: MicroBatch): Fetched {
    const feeds = this.#program.feeds.filter(({ name }) => name in batch.feeds);
    if (feeds.length < Object.keys(batch.feeds).length) {
      throw new Error('a micro-batch feeds what its program does not declare');
    }
    const padding = paddingOf(batch);
    const variant = variantOf(verb, padding.length > 0, batch.paddedLength >= LONG);
    const key = keyOf(verb, variant, feeds);
    if (!this.#steps.has(key)) this.#record(verb, variant, feeds);
    return this.#graph().run(key, {
      ...batch.feeds,
      lengths: vector(batch.lengths),
      padding: vector(padding),
    });
  }

  /**
   * Records a step and moves the state into a new graph that also has it, since a graph cannot grow. A session
   * that trains will also evaluate, so both steps come at once: each new graph costs TensorFlow its optimisation
   * of all steps again.
   */
  #record(verb: Verb, variant: StepVariant, feeds: readonly FeedDescription[]): void {
    if (this.#compiled !== undefined) this.#state = this.#compiled.read();
    this.dispose();
    this.#add(verb, variant, feeds);
    if (verb === 'gradients') {
      const ofEvaluation = feeds.filter(({ name }) => name !== DROPOUT_FEED);
      this.#add('evaluate', variantOf('evaluate', true, false), ofEvaluation);
    }
  }

  #add(verb: Verb, variant: StepVariant, feeds: readonly FeedDescription[]): void {
    const key = keyOf(verb, variant, feeds);
    if (this.#steps.has(key)) return;
    const what = { feeds, variant };
    const step = recordBatchStep(this.#backend, this.#node, this.#program, what, STEPS[verb]);
    this.#steps.set(key, step);
  }

  #graph(): Compiled {
    if (this.#compiled === undefined) {
      const state = this.#pending();
      this.#compiled = compile(this.#backend, this.#node, this.#program, this.#steps);
      this.#compiled.load(state);
      this.#state = undefined;
    }
    return this.#compiled;
  }

  #pending(): TrainState {
    if (this.#state === undefined) throw new Error('the session has no state: call load() first');
    return this.#state;
  }
}

/** Only gradients get separate graphs for each kind of micro-batch; other verbs handle any padding. */
function variantOf(verb: Verb, isPadded: boolean, isLong: boolean): StepVariant {
  return verb === 'gradients' ? { isPadded, isLong } : { isPadded: true, isLong: false };
}

function keyOf(
  verb: Verb,
  { isPadded, isLong }: StepVariant,
  feeds: readonly FeedDescription[],
): string {
  return [verb, isPadded, isLong, ...feeds.map(({ name }) => name)].join(' ');
}

function copyOf({ parameters, statistics, moments }: TrainState): TrainState {
  return {
    parameters: parameters.slice(),
    statistics: statistics.slice(),
    moments: moments.map((moment) => moment.slice()),
  };
}

const vector = (data: Int32Array): Feed => ({ shape: [data.length], data });
