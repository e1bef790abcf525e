/** Builds one TensorFlow graph: placeholders, variables, recordings and the connections between them. */
import type { Binding } from '../binding.ts';
import type { Expression } from './expression.ts';
import type { GeneralNode, GeneralRecording } from './generalise.ts';
import { type AttributeValue, encodeSavedModel, type GraphNode } from './proto.ts';
import type { Attribute, Operation, Source } from './recording.ts';

type Attributes = Readonly<Record<string, AttributeValue>>;

/** Attributes that tfjs lets eager execution infer; a graph must have them. */
const INFERRED: Readonly<Record<string, (binding: Binding) => Attributes>> = {
  ExpandDims: ({ TF_FLOAT, TF_INT32 }) => ({ T: { type: TF_FLOAT }, Tdim: { type: TF_INT32 } }),
  Squeeze: ({ TF_FLOAT }) => ({ T: { type: TF_FLOAT } }),
};

/** Equal constants of at most so many elements are one node. */
const SHARED_ELEMENTS = 16;

/** A graph under construction. */
export class Graph {
  readonly #binding: Binding;
  readonly #nodes: GraphNode[] = [];
  readonly #sizes = new Map<string, string>();
  readonly #known = new Map<string, string>();

  constructor(binding: Binding) {
    this.#binding = binding;
  }

  /** Adds a node. Its name is also the name of its first output. */
  add(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const name = `n${this.#nodes.length}`;
    this.#nodes.push({ name, op, inputs, attributes });
    return name;
  }

  /** @param shape −1 where the size differs from run to run */
  placeholder(dtype: number, shape: readonly number[]): string {
    return this.add('Placeholder', [], { dtype: { type: dtype }, shape: { shape } });
  }

  constant(
    dtype: number,
    shape: readonly number[],
    data: Int32Array | Float32Array | Uint8Array,
  ): string {
    const add = () =>
      this.add('Const', [], { dtype: { type: dtype }, value: { tensor: { dtype, shape, data } } });
    return data.length > SHARED_ELEMENTS ? add() : this.#shared([dtype, shape, hexOf(data)], add);
  }

  /** The handle of a float32 variable that lives as long as the session. */
  variable(name: string, shape: readonly number[]): string {
    return this.add('VarHandleOp', [], {
      dtype: { type: this.#binding.TF_FLOAT },
      shape: { shape },
      shared_name: { text: name },
      container: { text: '' },
    });
  }

  readVariable(handle: string, shape: readonly number[]): string {
    const dtype = { type: this.#binding.TF_FLOAT };
    const value = this.add('ReadVariableOp', [handle], { dtype });
    // Without this the shape is unknown, and shape inference refuses the operations behind it.
    const static_ = this.#integers(shape);
    return this.add('Reshape', [value, static_], {
      T: dtype,
      Tshape: { type: this.#binding.TF_INT32 },
    });
  }

  /** Assigns a variable: an operation without outputs, for `after`. */
  assign(handle: string, value: string): string {
    return this.add('AssignVariableOp', [handle, value], {
      dtype: { type: this.#binding.TF_FLOAT },
    });
  }

  /** A value to fetch; TensorFlow runs all of `nodes` before it. */
  after(nodes: readonly string[]): string {
    const done = this.constant(this.#binding.TF_INT32, [], Int32Array.of(1));
    const order = nodes.map((node) => `^${node}`);
    return this.add('Identity', [done, ...order], { T: { type: this.#binding.TF_INT32 } });
  }

  /** The size of one axis of a value, as an int32 scalar. */
  sizeOf(value: string, dtype: number, axis: number): string {
    const int32 = { type: this.#binding.TF_INT32 };
    const shape = this.add('Shape', [value], { T: { type: dtype }, out_type: int32 });
    return this.add(
      'StridedSlice',
      [shape, ...[axis, axis + 1, 1].map((index) => this.#integers([index]))],
      {
        T: int32,
        Index: int32,
        begin_mask: { int: 0 },
        end_mask: { int: 0 },
        ellipsis_mask: { int: 0 },
        new_axis_mask: { int: 0 },
        shrink_axis_mask: { int: 1 },
      },
    );
  }

  /** ⌈size / divisor⌉ of an int32 scalar. */
  ceilOf(size: string, divisor: number): string {
    const int32 = { T: { type: this.#binding.TF_INT32 } };
    const scalar = (value: number) =>
      this.constant(this.#binding.TF_INT32, [], Int32Array.of(value));
    const more = this.add('AddV2', [size, scalar(divisor - 1)], int32);
    return this.add('FloorDiv', [more, scalar(divisor)], int32);
  }

  /**
   * Adds a recording's operations.
   * @param inputs values for its inputs, by name
   * @param dimensions int32 scalars for its dimensions, by name
   * @returns values of its outputs
   */
  include(
    { nodes, outputs }: GeneralRecording,
    inputs: ReadonlyMap<string, string>,
    dimensions: ReadonlyMap<string, string>,
  ): string[] {
    const names: string[] = [];
    const nameOf = (source: Source): string => {
      if (source.kind === 'output') {
        const name = names[source.node]!;
        return source.output === 0 ? name : `${name}:${source.output}`;
      }
      const name = inputs.get(source.name);
      if (name === undefined) throw new Error(`nothing is given for the input "${source.name}"`);
      return name;
    };
    for (const node of nodes) names.push(this.#general(node, nameOf, dimensions));
    return outputs.map(nameOf);
  }

  savedModel(): Uint8Array {
    return encodeSavedModel(this.#nodes);
  }

  #general(
    node: GeneralNode,
    nameOf: (source: Source) => string,
    dimensions: ReadonlyMap<string, string>,
  ): string {
    switch (node.kind) {
      case 'constant':
        return this.constant(node.dtype, node.shape, node.data);
      case 'operation':
        return this.#operation(node, nameOf);
      case 'sizes':
        return node.isScalar
          ? this.#size(node.elements[0]!, dimensions)
          : this.#pack(node.elements, dimensions);
      case 'filled': {
        const { TF_FLOAT, TF_INT32 } = this.#binding;
        const data =
          node.dtype === TF_FLOAT ? Float32Array.of(node.value) : Int32Array.of(node.value);
        const value = this.constant(node.dtype, [], data);
        return this.add('Fill', [this.#pack(node.shape, dimensions), value], {
          T: { type: node.dtype },
          index_type: { type: TF_INT32 },
        });
      }
    }
  }

  #operation({ op, inputs, attributes }: Operation, nameOf: (source: Source) => string): string {
    const given = Object.fromEntries(
      attributes.map((attribute) => [attribute.name, this.#attribute(attribute)]),
    );
    return this.add(op, inputs.map(nameOf), { ...INFERRED[op]?.(this.#binding), ...given });
  }

  #attribute({ type, value }: Attribute): AttributeValue {
    const binding = this.#binding;
    switch (type) {
      case binding.TF_ATTR_TYPE:
        return Array.isArray(value) ? { types: value } : { type: value as number };
      case binding.TF_ATTR_INT:
        return Array.isArray(value) ? { ints: value } : { int: value as number };
      case binding.TF_ATTR_FLOAT:
        return { float: value as number };
      case binding.TF_ATTR_BOOL:
        return { bool: Boolean(value) };
      case binding.TF_ATTR_STRING:
        return Array.isArray(value) ? { texts: value } : { text: value as string };
      case binding.TF_ATTR_SHAPE:
        return { shape: value as number[] };
      default:
        throw new Error(`an attribute of the binding's type ${type} cannot be written`);
    }
  }

  #pack(elements: readonly Expression[], dimensions: ReadonlyMap<string, string>): string {
    if (elements.length === 0) return this.#integers([]);
    const sizes = elements.map((element) => this.#size(element, dimensions));
    return this.#shared(sizes, () =>
      this.add('Pack', sizes, {
        T: { type: this.#binding.TF_INT32 },
        N: { int: sizes.length },
        axis: { int: 0 },
      }),
    );
  }

  /** The node of an earlier call with an equal key, or a new one. A recording repeats most of its constants. */
  #shared(key: readonly unknown[], add: () => string): string {
    const text = JSON.stringify(key);
    const name = this.#known.get(text) ?? add();
    this.#known.set(text, name);
    return name;
  }

  /** `factor · Πdimensions + offset` as an int32 scalar; equal expressions share one node. */
  #size(expression: Expression, values: ReadonlyMap<string, string>): string {
    const { factor, dimensions, offset } = expression;
    const key = JSON.stringify([dimensions.map((name) => values.get(name)), factor, offset]);
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    const int32 = { T: { type: this.#binding.TF_INT32 } };
    const scalar = (value: number) =>
      this.constant(this.#binding.TF_INT32, [], Int32Array.of(value));
    let result: string | undefined;
    for (const name of dimensions) {
      const value = values.get(name);
      if (value === undefined) throw new Error(`nothing is given for the dimension "${name}"`);
      result = result === undefined ? value : this.add('Mul', [result, value], int32);
    }
    if (result !== undefined && factor !== 1) {
      result = this.add('Mul', [result, scalar(factor)], int32);
    }
    if (result === undefined) result = scalar(offset);
    else if (offset !== 0) result = this.add('AddV2', [result, scalar(offset)], int32);
    this.#sizes.set(key, result);
    return result;
  }

  #integers(values: readonly number[]): string {
    return this.constant(this.#binding.TF_INT32, [values.length], Int32Array.from(values));
  }
}

const hexOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex');
