/**
 * TensorFlow's graph messages in protobuf's wire format. The code that protoc generated for tfjs-node takes a tenth of
 * a second for each graph. Field numbers: graph.proto, node_def.proto, attr_value.proto, tensor.proto,
 * tensor_shape.proto, meta_graph.proto and saved_model.proto of TensorFlow.
 */
import { PbfWriter } from 'pbf';

/** The graph version that TensorFlow 2.x accepts (TF_GRAPH_DEF_VERSION of 2.18). */
const PRODUCER = 1882;
const SCHEMA_VERSION = 1;
/** More than most graphs need, so that the writer seldom grows its buffer. */
const INITIAL_BYTES = 2 ** 18;
/** The tag of the one graph in a SavedModel. */
export const SERVING_TAG = 'serve';

type ListValue =
  | { readonly types: readonly number[] }
  | { readonly ints: readonly number[] }
  | { readonly texts: readonly string[] };

interface TensorValue {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly data: Int32Array | Float32Array | Uint8Array;
}

/** The value of an attribute; the key says which type it has. */
export type AttributeValue =
  | ListValue
  | { readonly type: number }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  /** −1 is an unknown dimension. */
  | { readonly shape: readonly number[] }
  | { readonly tensor: TensorValue };

/** One node of a graph. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** `node`, `node:output`, or `^node` for order alone. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** Encodes a SavedModel of one graph, without signatures: the binding names the nodes itself. */
export function encodeSavedModel(nodes: readonly GraphNode[]): Uint8Array {
  const writer = new PbfWriter(new Uint8Array(INITIAL_BYTES));
  writer.writeVarintField(1, SCHEMA_VERSION);
  writer.writeMessage(2, writeMetaGraph, nodes);
  return writer.finish();
}

function writeMetaGraph(nodes: readonly GraphNode[], writer: PbfWriter): void {
  writer.writeMessage(1, (tag, info) => info.writeStringField(4, tag), SERVING_TAG);
  writer.writeMessage(2, writeGraph, nodes);
}

function writeGraph(nodes: readonly GraphNode[], writer: PbfWriter): void {
  for (const node of nodes) writer.writeMessage(1, writeNode, node);
  writer.writeMessage(4, (version, versions) => versions.writeVarintField(1, version), PRODUCER);
}

function writeNode({ name, op, inputs, attributes }: GraphNode, writer: PbfWriter): void {
  writer.writeStringField(1, name);
  writer.writeStringField(2, op);
  for (const input of inputs) writer.writeStringField(3, input);
  for (const entry of Object.entries(attributes)) writer.writeMessage(5, writeEntry, entry);
}

function writeEntry([key, value]: [string, AttributeValue], writer: PbfWriter): void {
  writer.writeStringField(1, key);
  writer.writeMessage(2, writeAttribute, value);
}

function writeAttribute(value: AttributeValue, writer: PbfWriter): void {
  if ('types' in value || 'ints' in value || 'texts' in value) {
    writer.writeMessage(1, writeList, value);
  } else if ('text' in value) writer.writeStringField(2, value.text);
  else if ('int' in value) writer.writeVarintField(3, value.int);
  else if ('float' in value) writer.writeFloatField(4, value.float);
  else if ('bool' in value) writer.writeBooleanField(5, value.bool);
  else if ('type' in value) writer.writeVarintField(6, value.type);
  else if ('shape' in value) writer.writeMessage(7, writeShape, value.shape);
  else writer.writeMessage(8, writeTensor, value.tensor);
}

function writeList(value: ListValue, writer: PbfWriter): void {
  if ('texts' in value) for (const text of value.texts) writer.writeStringField(2, text);
  else if ('ints' in value) writer.writePackedVarint(3, [...value.ints]);
  else writer.writePackedVarint(6, [...value.types]);
}

function writeTensor({ dtype, shape, data }: TensorValue, writer: PbfWriter): void {
  writer.writeVarintField(1, dtype);
  writer.writeMessage(2, writeShape, shape);
  writer.writeBytesField(4, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeShape(sizes: readonly number[], writer: PbfWriter): void {
  for (const size of sizes) {
    writer.writeMessage(2, (given, dimension) => dimension.writeVarintField(1, given), size);
  }
}
