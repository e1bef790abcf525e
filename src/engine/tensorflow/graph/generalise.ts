/**
 * Turns recordings of one step at several shapes into one for every shape: constants that differ between them
 * become expressions of the micro-batch's dimensions. Two recordings propose the expressions, the others check
 * them. The engine refuses a constant that does not fit exactly one expression.
 */
import { isDeepStrictEqual } from 'node:util';
import { LockstepError } from '../../../core/errors.ts';
import { type Dimensions, type Expression, expressionsFor } from './expression.ts';
import type { Constant, Operation, RecordedNode, Recording, Source } from './recording.ts';
import { userPlaceOf } from './user-place.ts';

/** A constant that follows from the dimensions: a vector (or scalar) of sizes. */
export interface Sizes {
  readonly kind: 'sizes';
  readonly isScalar: boolean;
  readonly elements: readonly Expression[];
}

/** A constant of one repeated value whose shape follows from the dimensions. */
export interface Filled {
  readonly kind: 'filled';
  readonly dtype: number;
  readonly value: number;
  readonly shape: readonly Expression[];
}

/** A node that holds for every shape. */
export type GeneralNode = Constant | Operation | Sizes | Filled;

/** A recording that holds for every shape. */
export interface GeneralRecording {
  readonly nodes: readonly GeneralNode[];
  readonly outputs: readonly Source[];
}

/** A recording and the dimensions at which it was made. */
export interface ShapedRecording {
  readonly dimensions: Dimensions;
  readonly recording: Recording;
}

/**
 * Generalises the recordings.
 * @param recordings at least three; the dimensions differ within each, and between the first two
 * @throws LockstepError ENGINE_CANNOT_COMPILE, which names the operation and its values
 */
export function generalise(recordings: readonly ShapedRecording[]): GeneralRecording {
  const first = recordings[0]!.recording;
  for (const { recording, dimensions } of recordings) {
    if (recording.nodes.length !== first.nodes.length) {
      throw refuse(
        `${first.nodes.length} operations at ${show(recordings[0]!.dimensions)}, but ${recording.nodes.length} at ${show(dimensions)}`,
        placeOf(first, firstDifference(first, recording)),
      );
    }
  }
  const at = recordings.map(({ dimensions }) => dimensions);
  const nodes = first.nodes.map((_, index) =>
    generaliseNode(
      recordings.map(({ recording }) => recording.nodes[index]!),
      at,
      { user: () => userOf(first, index), place: () => placeOf(first, index) },
    ),
  );
  return { nodes, outputs: first.outputs };
}

/** What a refusal says of a node. */
interface Words {
  /** The operation that uses it. */
  readonly user: () => string;
  /** Its line in the user's own files, if one led to it. */
  readonly place: () => string | undefined;
}

function generaliseNode(
  nodes: readonly RecordedNode[],
  at: readonly Dimensions[],
  { user, place }: Words,
): GeneralNode {
  const node = nodes[0]!;
  if (node.kind === 'operation') {
    const other = nodes.findIndex((other) => !isDeepStrictEqual(other, node));
    if (other < 0) return node;
    throw refuse(
      `${node.op} at ${show(at[0]!)} and ${describe(nodes[other]!)} at ${show(at[other]!)} differ in more than constants`,
      place(),
    );
  }
  const constants = nodes.filter((node) => node.kind === 'constant');
  if (constants.length !== nodes.length || constants.some(({ dtype }) => dtype !== node.dtype)) {
    throw refuse(`a constant of ${user()} is none at every shape`, place());
  }
  if (constants.every((constant) => isDeepStrictEqual(constant, node))) return node;
  const express = (values: readonly number[]): Expression => {
    const found = expressionsFor(values, at);
    if (found.length === 1) return found[0]!;
    const seen = values.map((value, index) => `${value} at ${show(at[index]!)}`).join(', ');
    throw refuse(`a constant of ${user()} is ${seen}: ${found.length} expressions fit`, place());
  };
  if (constants.every(({ data }) => data.every((value) => value === node.data[0]))) {
    const uniform = generaliseUniform(constants, express);
    if (uniform !== undefined) return uniform;
  }
  if (node.data instanceof Int32Array && sameShape(constants) && node.shape.length <= 1) {
    const elements = Array.from(node.data, (_, index) =>
      express(constants.map(({ data }) => data[index]!)),
    );
    return { kind: 'sizes', isScalar: node.shape.length === 0, elements };
  }
  throw refuse(`a constant of ${user()} depends on the shape in more than its sizes`, place());
}

/** Undefined if the value differs, too: then the constant may be sizes. */
function generaliseUniform(
  constants: readonly Constant[],
  express: (values: readonly number[]) => Expression,
): Filled | undefined {
  const { dtype, shape, data } = constants[0]!;
  const isFilled =
    constants.every((other) => other.data[0] === data[0]) &&
    constants.every((other) => other.shape.length === shape.length);
  if (!isFilled) return undefined;
  const dimensions = shape.map((_, axis) => express(constants.map((other) => other.shape[axis]!)));
  return { kind: 'filled', dtype, value: data[0]!, shape: dimensions };
}

function sameShape(constants: readonly Constant[]): boolean {
  return constants.every(({ shape }) => isDeepStrictEqual(shape, constants[0]!.shape));
}

/** The first operation that uses a node, for messages. */
function userOf({ nodes }: Recording, index: number): string {
  const user = nodes.find((node) => isUser(node, index));
  return user === undefined ? 'the result' : describe(user);
}

const isUser = (node: RecordedNode, index: number): boolean =>
  node.kind === 'operation' &&
  node.inputs.some((input) => input.kind === 'output' && input.node === index);

/** The line that led to a node, or else to the first operation that uses it. */
function placeOf({ nodes, origins = [] }: Recording, index: number): string | undefined {
  const users = nodes.findIndex((node) => isUser(node, index));
  return [index, users].flatMap((at) => (origins[at] && userPlaceOf(origins[at])) ?? [])[0];
}

/** The first node that is another operation in the other recording. */
function firstDifference({ nodes }: Recording, other: Recording): number {
  const opOf = (node: RecordedNode | undefined) =>
    node?.kind === 'operation' ? node.op : node?.kind;
  const found = nodes.findIndex((node, index) => opOf(node) !== opOf(other.nodes[index]));
  return found < 0 ? nodes.length - 1 : found;
}

const describe = (node: RecordedNode): string =>
  node.kind === 'operation' ? node.op : 'a constant';

const show = (dimensions: Dimensions): string =>
  Object.entries(dimensions)
    .map(([name, size]) => `${name} ${size}`)
    .join(' × ');

function refuse(what: string, place: string | undefined): LockstepError {
  return new LockstepError(
    'ENGINE_CANNOT_COMPILE',
    `The step cannot be compiled for every shape: ${what}${place === undefined ? '' : `, at ${place}`}.`,
    place === undefined
      ? 'Set engine.kind to "eager", which runs any step.'
      : 'Let no number there follow from the shape of a micro-batch, or set engine.kind to "eager", which runs any step.',
  );
}
