/**
 * Builds one graph of all recorded steps of a session: variables for the state, and for each verb what to feed
 * and what to fetch.
 */
import type { Feed, FeedDescription, Program, TrainState } from '../engine.ts';
import { type Backend, makeDecayMask, makeRates } from '../tfjs/steps.ts';
import type { NodeBackend } from './binding.ts';
import { Graph } from './graph/graph.ts';
import { type Fetched, RunningGraph } from './graph/running-graph.ts';
import { coarseLength } from './graph/strided-shapes.ts';
import { type RecordedStep, recordUpdate } from './record-step.ts';

/** The input of an update in the graph. */
export interface Update {
  /** Gradient of the loss sum, `[parameterCount]`. */
  readonly gradient: Float32Array;
  readonly weight: number;
  readonly scalars: readonly number[];
  /** New running statistics. */
  readonly statistics: Float32Array;
}

/** A session's steps as one loaded graph. */
export interface Compiled {
  load(state: TrainState): void;
  run(step: string, feeds: Readonly<Record<string, Feed>>): Fetched;
  apply(update: Update): void;
  read(): TrainState;
  readParameters(): Float32Array;
  close(): void;
}

/** Placeholders by the names of the feeds. */
type Placeholders = ReadonlyMap<string, string>;

interface Variable {
  readonly name: string;
  readonly size: number;
  readonly handle: string;
  readonly value: string;
}

/** Compiles the recorded steps into one graph and loads it. */
export function compile(
  backend: Backend,
  node: NodeBackend,
  program: Program,
  steps: ReadonlyMap<string, RecordedStep>,
): Compiled {
  const { binding } = node;
  const graph = new Graph(binding);
  const variables = makeVariables(graph, program);
  const loading = makeLoad(graph, binding.TF_FLOAT, variables);
  const applying = makeApply(graph, { backend, node, program }, variables);
  const running = new Map(
    [...steps].map(([name, step]) => [name, makeStep(graph, node, step, variables)]),
  );
  const session = new RunningGraph(binding, graph.savedModel());
  const { update, state: layout } = program;
  /** The vectors of the state. A session that only predicts has no moments. */
  const stateVectors = ({ parameters, statistics, moments }: TrainState) => [
    parameters,
    ...Array.from(
      { length: update.momentCount },
      (_, index) => moments[index] ?? new Float32Array(layout.parameterCount),
    ),
    statistics,
  ];
  return {
    load: (state) => {
      const given = stateVectors(state);
      session.effect(
        new Map(
          variables.map(({ name }, index) => at(loading.feeds, name, vectorOf(given[index]!))),
        ),
        loading.fetch,
      );
    },
    run: (name, feeds) => {
      const step = running.get(name)!;
      const given = [...step.feeds.keys()].map((feed) => at(step.feeds, feed, feeds[feed]!));
      return session.run(new Map(given), [step.fetch])[0]!;
    },
    apply: ({ gradient, weight, scalars, statistics }) => {
      session.effect(
        new Map([
          at(applying.feeds, 'gradient', vectorOf(gradient)),
          at(applying.feeds, 'weight', scalarOf(weight)),
          at(applying.feeds, 'statistics', vectorOf(statistics)),
          ...scalars.map((value, index) => at(applying.feeds, `scalar${index}`, scalarOf(value))),
        ]),
        applying.fetch,
      );
    },
    read: () => {
      const values = session.run(
        new Map(),
        variables.map(({ value }) => value),
      );
      const vectors = values.map(({ data }) => data.slice());
      return {
        parameters: vectors[0]!,
        moments: vectors.slice(1, -1),
        statistics: vectors.at(-1)!,
      };
    },
    readParameters: () => session.run(new Map(), [variables[0]!.value])[0]!.data.slice(),
    close: () => session.close(),
  };
}

/** Variables for parameters, moments and statistics: flat vectors, as in a checkpoint. */
function makeVariables(graph: Graph, { state, update }: Program): Variable[] {
  const sizes: [string, number][] = [
    ['parameters', state.parameterCount],
    ...Array.from(
      { length: update.momentCount },
      (_, index) => [`moment${index}`, state.parameterCount] as [string, number],
    ),
    ['statistics', state.statisticCount],
  ];
  return sizes.map(([name, size]) => {
    const handle = graph.variable(name, [size]);
    return { name, size, handle, value: graph.readVariable(handle, [size]) };
  });
}

interface Runnable {
  readonly feeds: Placeholders;
  readonly fetch: string;
}

function makeLoad(graph: Graph, float: number, variables: readonly Variable[]): Runnable {
  const feeds = new Map<string, string>();
  const assigned = variables.map(({ name, size, handle }) => {
    const value = graph.placeholder(float, [size]);
    feeds.set(name, value);
    return graph.assign(handle, value);
  });
  return { feeds, fetch: graph.after(assigned) };
}

function makeStep(
  graph: Graph,
  { binding }: NodeBackend,
  { feeds, strides, recording }: RecordedStep,
  variables: readonly Variable[],
): Runnable {
  const { TF_FLOAT, TF_INT32 } = binding;
  const placeholders = new Map<string, string>();
  const dimensions = new Map<string, string>();
  const batch: FeedDescription[] = [...feeds, { name: 'lengths', dtype: 'int32', shape: ['rows'] }];
  for (const { name, dtype, shape } of batch) {
    const type = dtype === 'int32' ? TF_INT32 : TF_FLOAT;
    const sizes = shape.map((size) => (typeof size === 'number' ? size : -1));
    const value = graph.placeholder(type, sizes);
    placeholders.set(name, value);
    for (const [axis, size] of shape.entries()) {
      if (typeof size === 'number' || dimensions.has(size)) continue;
      dimensions.set(size, graph.sizeOf(value, type, axis));
    }
  }
  for (const stride of strides) {
    dimensions.set(coarseLength(stride), graph.ceilOf(dimensions.get('length')!, stride));
  }
  const padding = graph.placeholder(TF_INT32, [-1]);
  placeholders.set('padding', padding);
  dimensions.set('padding', graph.sizeOf(padding, TF_INT32, 0));
  const state = variables.map(({ name, value }) => [name, value] as const);
  const [fetch] = graph.include(recording, new Map([...placeholders, ...state]), dimensions);
  return { feeds: placeholders, fetch: fetch! };
}

function makeApply(
  graph: Graph,
  { backend, node, program }: { backend: Backend; node: NodeBackend; program: Program },
  variables: readonly Variable[],
): Runnable {
  const { TF_FLOAT } = node.binding;
  const { state, update } = program;
  const feeds = new Map([
    ['gradient', graph.placeholder(TF_FLOAT, [state.parameterCount])],
    ['weight', graph.placeholder(TF_FLOAT, [])],
    ...update
      .scalars({ learningRate: 0, step: 1 })
      .map((_, index) => [`scalar${index}`, graph.placeholder(TF_FLOAT, [])] as const),
  ]);
  const rates = makeRates(program);
  const decayMask = graph.constant(TF_FLOAT, [state.parameterCount], makeDecayMask(program));
  const inputs = new Map([
    ...feeds,
    ['decayMask', decayMask],
    ...(rates ? [['rates', graph.constant(TF_FLOAT, [state.parameterCount], rates)] as const] : []),
    ...variables.map(({ name, value }) => [name, value] as const),
  ]);
  const updated = graph.include(recordUpdate(backend, node, program), inputs, new Map());
  const statistics = graph.placeholder(TF_FLOAT, [state.statisticCount]);
  const values = [...updated, statistics];
  const assigned = variables.map(({ handle }, index) => graph.assign(handle, values[index]!));
  return { feeds: new Map([...feeds, ['statistics', statistics]]), fetch: graph.after(assigned) };
}

function at(placeholders: Placeholders, name: string, feed: Feed): [string, Feed] {
  return [placeholders.get(name)!, feed];
}

const vectorOf = (data: Float32Array): Feed => ({ shape: [data.length], data });
const scalarOf = (value: number): Feed => ({ shape: [], data: Float32Array.of(value) });
