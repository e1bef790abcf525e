/** The parts of tfjs-node-gpu's binding and backend that Lockstep uses. */
import type { Tensor, TensorInfo } from '@tensorflow/tfjs-node-gpu';
import type { TfjsLibrary } from '../tfjs/library.ts';

/** An attribute of an operation, as the binding takes it. */
export interface OpAttribute {
  name: string;
  type: number;
  value: boolean | number | string | number[];
}

/** What the binding returns about a tensor. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The native binding. */
export interface Binding {
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
  getNumOfTensors(): number;
  createTensor(shape: readonly number[], dtype: number, values: ArrayLike<number>): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array;
  executeOp(
    op: string,
    attributes: OpAttribute[],
    inputIds: number[],
    outputs: number,
  ): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /** @param inputNames `node:output`, separated by commas, like `outputNames` */
  runSavedModel(
    id: number,
    inputIds: number[],
    inputNames: string,
    outputNames: string,
  ): TensorMetadata[];
}

/** tfjs-node-gpu's backend. */
export interface NodeBackend {
  binding: Binding;
  getInputTensorIds(tensors: TensorInfo[]): number[];
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: TensorInfo[]): Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: OpAttribute[],
    inputs: TensorInfo[],
    outputs: number,
  ): Tensor[];
}

/** A copy to wrap: the binding's properties are read-only, and its methods need the binding as `this`. */
export function copyOfBinding(binding: Binding): Binding {
  const entries = Object.getOwnPropertyNames(binding).map((name) => {
    const value: unknown = Reflect.get(binding, name);
    return [name, typeof value === 'function' ? value.bind(binding) : value] as const;
  });
  return Object.fromEntries(entries) as unknown as Binding;
}

/** The backend of a loaded library. */
export function backendOf(tf: TfjsLibrary): NodeBackend {
  return tf.backend() as unknown as NodeBackend;
}
