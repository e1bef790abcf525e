/** The operations that TensorFlow executed, as data. */

/** Where a value comes from: an output of a node, or a named input of the recording. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'output'; readonly node: number; readonly output: number };

/** An attribute as the binding takes it: `type` is one of its TF_ATTR_* numbers. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** A tensor that the step uploaded. */
export interface Constant {
  readonly kind: 'constant';
  /** TensorFlow's number of the dtype. */
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly data: Int32Array | Float32Array | Uint8Array;
}

/** An operation that the step executed. */
export interface Operation {
  readonly kind: 'operation';
  readonly op: string;
  readonly attributes: readonly Attribute[];
  readonly inputs: readonly Source[];
}

/** A node of a recording. */
export type RecordedNode = Constant | Operation;

/** Nodes in the order of execution: a node's inputs come before it. */
export interface Recording {
  readonly nodes: readonly RecordedNode[];
  readonly outputs: readonly Source[];
  /** An error of each node that was made where it was executed, to name the user's line in messages. */
  readonly origins?: readonly Error[];
}
