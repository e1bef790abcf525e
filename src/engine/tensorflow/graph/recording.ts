/** What TensorFlow executed, as data. */

/** Of a value: an output of a node of this recording, or an input that the recording was given by name. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'output'; readonly node: number; readonly output: number };

/** As the binding takes them: `type` is one of its TF_ATTR_* numbers. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export interface Constant {
  readonly kind: 'constant';
  /** TensorFlow's number of the dtype. */
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly data: Int32Array | Float32Array | Uint8Array;
}

export interface Operation {
  readonly kind: 'operation';
  readonly op: string;
  readonly attributes: readonly Attribute[];
  readonly inputs: readonly Source[];
}

export type RecordedNode = Constant | Operation;

/** Nodes in the order of execution: a node's inputs come before it. */
export interface Recording {
  readonly nodes: readonly RecordedNode[];
  readonly outputs: readonly Source[];
}
