/** Records the operations that tfjs executes: it replaces tfjs's binding while a step runs. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Binding, copyOfBinding, type NodeBackend } from '../binding.ts';
import type { Constant, RecordedNode, Recording, Source } from './recording.ts';
import { withDeepStacks } from './user-place.ts';

/**
 * Runs `step` and records it.
 * @param inputs tensors that stay inputs of the recording, by name; every other tensor that `step` uploads
 *   becomes a constant
 * @param keepsOrigins whether to keep where each node was executed, which takes as long as executing it
 */
export function record(
  backend: NodeBackend,
  inputs: ReadonlyMap<string, Tensor>,
  step: () => readonly Tensor[],
  keepsOrigins = false,
): Recording {
  const nodes: RecordedNode[] = [];
  const origins: Error[] = [];
  const add = (node: RecordedNode): void => {
    nodes.push(node);
    if (keepsOrigins) origins.push(new Error());
  };
  const sources = new Map<number, Source>();
  const names = [...inputs.keys()];
  const ids = backend.getInputTensorIds([...inputs.values()]);
  for (const [index, id] of ids.entries()) sources.set(id, { kind: 'input', name: names[index]! });
  const sourceOf = (id: number, user: string): Source => {
    const source = sources.get(id);
    if (source === undefined) throw new Error(`${user} uses a tensor from before the recording`);
    return source;
  };

  const { binding } = backend;
  const output = (id: number, output: number) =>
    sources.set(id, { kind: 'output', node: nodes.length - 1, output });
  backend.binding = {
    ...copyOfBinding(binding),
    createTensor: (shape, dtype, values) => {
      const id = binding.createTensor(shape, dtype, values);
      add(constant(binding, shape, dtype, values));
      output(id, 0);
      return id;
    },
    executeOp: (op, attributes, inputIds, count) => {
      const inputs = inputIds.map((id) => sourceOf(id, op));
      const outputs = binding.executeOp(op, attributes, inputIds, count);
      add({ kind: 'operation', op, attributes, inputs });
      for (const [index, { id }] of outputs.entries()) output(id, index);
      return outputs;
    },
  };
  try {
    const outputs = backend.getInputTensorIds([...withDeepStacks(step)]);
    return { nodes, outputs: outputs.map((id) => sourceOf(id, 'the result')), origins };
  } finally {
    backend.binding = binding;
  }
}

function constant(
  { TF_FLOAT, TF_INT32, TF_BOOL }: Binding,
  shape: readonly number[],
  dtype: number,
  values: ArrayLike<number>,
): Constant {
  const copy = () => {
    switch (dtype) {
      case TF_FLOAT:
        return Float32Array.from(values);
      case TF_INT32:
        return Int32Array.from(values);
      case TF_BOOL:
        return Uint8Array.from(values);
      default:
        throw new Error(`a constant of TensorFlow's dtype ${dtype} cannot be recorded`);
    }
  };
  return { kind: 'constant', dtype, shape: [...shape], data: copy() };
}
