/** TensorFlow's graph messages, from the code that protoc generated for the tfjs-node package. */
import { createRequire } from 'node:module';

interface Shape {
  addDim(dim: unknown): void;
}

interface TensorMessage {
  setDtype(dtype: number): void;
  setTensorShape(shape: Shape): void;
  setTensorContent(bytes: Uint8Array): void;
}

interface ListMessage {
  setSList(values: Uint8Array[]): void;
  setIList(values: number[]): void;
  setTypeList(values: number[]): void;
}

interface AttributeMessage {
  setS(value: Uint8Array): void;
  setI(value: number): void;
  setF(value: number): void;
  setB(value: boolean): void;
  setType(value: number): void;
  setShape(value: Shape): void;
  setTensor(value: TensorMessage): void;
  setList(value: ListMessage): void;
}

interface NodeMessage {
  setName(name: string): void;
  setOp(op: string): void;
  setInputList(inputs: string[]): void;
  getAttrMap(): { set(name: string, value: AttributeMessage): void };
}

interface GraphMessage {
  addNode(node: NodeMessage): void;
  setVersions(versions: { setProducer(producer: number): void }): void;
}

interface MetaGraphMessage {
  setMetaInfoDef(info: { setTagsList(tags: string[]): void }): void;
  setGraphDef(graph: GraphMessage): void;
}

interface Messages {
  Tensor: new () => TensorMessage;
  TensorShape: (new () => Shape) & {
    Dim: new () => { setSize(size: number): void };
  };
  AttrValue: (new () => AttributeMessage) & { ListValue: new () => ListMessage };
  NodeDef: new () => NodeMessage;
  GraphDef: new () => GraphMessage;
  VersionDef: new () => { setProducer(producer: number): void };
  MetaGraphDef: (new () => MetaGraphMessage) & {
    MetaInfoDef: new () => { setTagsList(tags: string[]): void };
  };
  SavedModel: new () => {
    setSavedModelSchemaVersion(version: number): void;
    addMetaGraphs(graph: MetaGraphMessage): void;
    serializeBinary(): Uint8Array;
  };
}

const messages = createRequire(import.meta.url)(
  '@tensorflow/tfjs-node-gpu/dist/proto/api_pb',
) as Messages;

/** The graph version that TensorFlow 2.x accepts (TF_GRAPH_DEF_VERSION of 2.18). */
const PRODUCER = 1882;
/** The tag of the one graph in a SavedModel. */
export const SERVING_TAG = 'serve';

/** The value of an attribute; the key says which type it has. */
export type AttributeValue =
  | { readonly type: number }
  | { readonly types: readonly number[] }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  /** −1 is an unknown dimension. */
  | { readonly shape: readonly number[] }
  | {
      readonly tensor: {
        readonly dtype: number;
        readonly shape: readonly number[];
        readonly data: Int32Array | Float32Array | Uint8Array;
      };
    };

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
  const graph = new messages.GraphDef();
  for (const node of nodes) graph.addNode(nodeMessage(node));
  const versions = new messages.VersionDef();
  versions.setProducer(PRODUCER);
  graph.setVersions(versions);
  const info = new messages.MetaGraphDef.MetaInfoDef();
  info.setTagsList([SERVING_TAG]);
  const metaGraph = new messages.MetaGraphDef();
  metaGraph.setMetaInfoDef(info);
  metaGraph.setGraphDef(graph);
  const model = new messages.SavedModel();
  model.setSavedModelSchemaVersion(1);
  model.addMetaGraphs(metaGraph);
  return model.serializeBinary();
}

function nodeMessage({ name, op, inputs, attributes }: GraphNode): NodeMessage {
  const message = new messages.NodeDef();
  message.setName(name);
  message.setOp(op);
  message.setInputList([...inputs]);
  const map = message.getAttrMap();
  for (const [key, value] of Object.entries(attributes)) map.set(key, attributeMessage(value));
  return message;
}

function attributeMessage(value: AttributeValue): AttributeMessage {
  const message = new messages.AttrValue();
  const list = (fill: (list: ListMessage) => void) => {
    const values = new messages.AttrValue.ListValue();
    fill(values);
    message.setList(values);
  };
  if ('type' in value) message.setType(value.type);
  else if ('types' in value) list((values) => values.setTypeList([...value.types]));
  else if ('int' in value) message.setI(value.int);
  else if ('ints' in value) list((values) => values.setIList([...value.ints]));
  else if ('float' in value) message.setF(value.float);
  else if ('bool' in value) message.setB(value.bool);
  else if ('text' in value) message.setS(Buffer.from(value.text));
  else if ('texts' in value) list((values) => values.setSList(value.texts.map(bytesOf)));
  else if ('shape' in value) message.setShape(shapeMessage(value.shape));
  else message.setTensor(tensorMessage(value.tensor));
  return message;
}

function tensorMessage({
  dtype,
  shape,
  data,
}: Extract<AttributeValue, { tensor: unknown }>['tensor']): TensorMessage {
  const tensor = new messages.Tensor();
  tensor.setDtype(dtype);
  tensor.setTensorShape(shapeMessage(shape));
  tensor.setTensorContent(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return tensor;
}

function shapeMessage(sizes: readonly number[]): Shape {
  const shape = new messages.TensorShape();
  for (const size of sizes) {
    const dim = new messages.TensorShape.Dim();
    dim.setSize(size);
    shape.addDim(dim);
  }
  return shape;
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
