/**
 * Where a step's time goes: times its operations one by one as tfjs executes them. These are the operations and
 * formulations of the compiled step. But here each waits for the one before and pays its own call into
 * TensorFlow, and none is fused with another.
 */
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { EngineChoice } from '../../config/engine-section.ts';
import type { ForwardContext, MicroBatch, Program, TrainState } from '../engine.ts';
import { formulationsOf } from '../formulations.ts';
import type { Ops, Tensor } from '../ops.ts';
import { projectionOf, setProjectionOf } from '../tfjs/folded-projection.ts';
import { unwrap, wrap } from '../tfjs/ops.ts';
import {
  type Backend,
  differentiate,
  leafVector,
  makeDecayMask,
  splitBySlots,
  updateStep,
  uploadBatch,
} from '../tfjs/steps.ts';
import { backendOf, copyOfBinding, type NodeBackend } from './binding.ts';
import { flopsOfOperation } from './flops.ts';
import { makeKernels } from './kernels.ts';
import { loadTensorflow } from './library.ts';

/** The time of one operation. */
export interface OperationTime {
  /** TensorFlow's name of the operation. */
  readonly op: string;
  readonly pass: 'forward' | 'gradient' | 'update';
  /** The layers whose parameters it uses, or the part of the step to which it belongs. */
  readonly layer: string;
  /** Absent if memory is its limit. */
  readonly flops?: number;
  /** Median over the repeats. */
  readonly milliseconds: number;
}

/** What to profile. */
export interface ProfileInput {
  readonly program: Program;
  readonly state: TrainState;
  readonly batch: MicroBatch;
  readonly repeats: number;
}

/** Steps that run before the timed ones. */
const WARM_UP = 2;

/**
 * Times the gradients and the update of one micro-batch, in the order of execution.
 * @throws LockstepError ENGINE_UNAVAILABLE
 */
export function profileStep(config: EngineChoice, input: ProfileInput): OperationTime[] {
  const tf = loadTensorflow();
  const formulations = formulationsOf(config.formulations);
  const backend = { tf, kernels: makeKernels(tf), formulations };
  const steps = Array.from({ length: WARM_UP + input.repeats }, () =>
    timeStep(backend, backendOf(tf), input),
  ).slice(WARM_UP);
  return steps[0]!.map((operation, index) => {
    const times = steps.map((step) => step[index]!.milliseconds).sort((a, b) => a - b);
    return { ...operation, milliseconds: times[times.length >> 1]! };
  });
}

/** The layer and pass of the next operation. */
interface LayerPass {
  pass: OperationTime['pass'];
  /** Number of a layer in the order of the forward pass. */
  layer: number;
}

interface LayerTime extends Omit<OperationTime, 'layer'> {
  readonly layer: number;
}

function timeStep(
  backend: Backend,
  node: NodeBackend,
  { program, state, batch }: ProfileInput,
): OperationTime[] {
  const { tf } = backend;
  const current: LayerPass = { pass: 'forward', layer: 0 };
  const layers: string[] = [];
  const begin = (pass: LayerPass['pass'], layer: string) => {
    current.pass = pass;
    current.layer = layers.push(layer) - 1;
  };
  const observed: Program = {
    ...program,
    sums: (context) => {
      const sums = program.sums(observe(backend, context, current, layers));
      layers[current.layer] = 'loss';
      current.pass = 'gradient';
      return sums;
    },
  };
  const vector = (values: Float32Array) => tf.tensor1d(values.slice());
  const times = tf.tidy((() => {
    const parameters = vector(state.parameters);
    const moments = state.moments.map(vector);
    const { parameters: slots, statistics } = program.state;
    const named = new Map([
      ...splitBySlots(tf, parameters, slots),
      ...splitBySlots(tf, vector(state.statistics), statistics),
    ]);
    const tensors = uploadBatch(tf, batch);
    return timeOperations(node, current, () => {
      const differentiated = differentiate(backend, observed, named, tensors);
      begin('gradient', 'leaf');
      const leaf = leafVector(backend, program, differentiated);
      const gradient = tf.slice(leaf, [0], [program.state.parameterCount]);
      begin('update', 'optimizer');
      updateStep(backend, program, {
        parameters,
        moments,
        gradient,
        decayMask: vector(makeDecayMask(program)),
        weight: tf.scalar(1),
        scalars: program.update
          .scalars({ learningRate: 1e-3, step: 1 })
          .map((value) => tf.scalar(value)),
      });
    });
  }) as never) as unknown as LayerTime[];
  return times.map((time) => ({ ...time, layer: layers[time.layer]! }));
}

/**
 * A context that keeps `current` up to date. A layer ends where it taps its activation. The backward pass visits
 * the results of the forward pass in reverse; a marker on each result says whose gradient comes next.
 */
function observe(
  { tf }: Backend,
  context: ForwardContext,
  current: LayerPass,
  layers: string[],
): ForwardContext {
  const used = new Set<string>();
  layers.push('');
  current.layer = layers.length - 1;
  /** Computes nothing: both clones share the data. */
  const marked = (result: Tensor): Tensor => {
    const { layer } = current;
    const mark = tf.customGrad((...inputs: unknown[]) => {
      const [x] = inputs as [TfTensor];
      const gradFunc = (dy: TfTensor) => {
        current.layer = layer;
        return dy.clone();
      };
      return { value: x.clone(), gradFunc };
    });
    const y = mark(unwrap(result));
    setProjectionOf(y, projectionOf(unwrap(result)));
    return wrap(y);
  };
  const tap: Ops['tap'] = (layer, x) => {
    layers[current.layer] = [...used].sort().join(' + ') || layer;
    used.clear();
    current.layer = layers.push('') - 1;
    return x;
  };
  const observed = (ops: Ops): Ops => {
    const computing = Object.entries(ops).map(([name, compute]) => [
      name,
      (...given: unknown[]) => marked((compute as (...given: unknown[]) => Tensor)(...given)),
    ]);
    const coarser = (stride: number) => observed(ops.coarser(stride));
    return { ...(Object.fromEntries(computing) as unknown as Ops), coarser, tap };
  };
  return {
    ...context,
    parameter: (name) => {
      used.add(name.slice(0, name.lastIndexOf('.')));
      return context.parameter(name);
    },
    ops: observed(context.ops),
  };
}

/** Runs `compute` and times each operation alone. */
function timeOperations(node: NodeBackend, current: LayerPass, compute: () => void): LayerTime[] {
  const { binding } = node;
  const times: LayerTime[] = [];
  const shapes = new Map<number, readonly number[]>();
  node.binding = {
    ...copyOfBinding(binding),
    createTensor: (shape, dtype, values) => {
      const id = binding.createTensor(shape, dtype, values);
      shapes.set(id, shape);
      return id;
    },
    executeOp: (op, attributes, inputIds, count) => {
      const start = performance.now();
      const outputs = binding.executeOp(op, attributes, inputIds, count);
      const milliseconds = performance.now() - start;
      for (const { id, shape } of outputs) shapes.set(id, shape);
      const inputShapes = inputIds.map((id) => shapes.get(id) ?? []);
      const flops = flopsOfOperation(op, inputShapes, outputs[0]?.shape ?? [], attributes);
      times.push({ op, ...current, ...(flops !== undefined && { flops }), milliseconds });
      return outputs;
    },
  };
  try {
    compute();
    return times;
  } finally {
    node.binding = binding;
  }
}
