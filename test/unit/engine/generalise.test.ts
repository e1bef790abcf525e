/** Recordings at several shapes become one for all of them, or are refused with the reason. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LockstepError } from '../../../src/core/errors.ts';
import {
  type Dimensions,
  evaluate,
  expressionsFor,
} from '../../../src/engine/tensorflow/graph/expression.ts';
import { generalise } from '../../../src/engine/tensorflow/graph/generalise.ts';
import type { RecordedNode, Recording } from '../../../src/engine/tensorflow/graph/recording.ts';

const AT: readonly Dimensions[] = [
  { rows: 3, length: 257 },
  { rows: 5, length: 163 },
  { rows: 2, length: 311 },
  { rows: 1, length: 281 },
];
const FLOAT = 1;
const INT32 = 3;

describe('expressionsFor()', () => {
  it('finds factor, dimensions and offset of any size that the grammar can say', () => {
    const dimensions = fc.constantFrom(['rows'], ['length'], ['rows', 'length']);
    fc.assert(
      fc.property(dimensions, fc.integer({ min: 1, max: 9 }), fc.integer(), (names, factor, k) => {
        const expression = { factor, dimensions: names, offset: k % 1000 };
        const values = AT.map((at) => evaluate(expression, at));
        assert.deepEqual(expressionsFor(values, AT), [expression]);
      }),
      { seed: 1 },
    );
  });

  it('takes what never changes for a number', () => {
    const number = { factor: 0, dimensions: [], offset: 64 };
    assert.deepEqual(expressionsFor([64, 64, 64, 64], AT), [number]);
  });

  it('finds none that fits the first two shapes only', () => {
    assert.deepEqual(expressionsFor([257, 163, 312, 281], AT), []);
  });
});

describe('generalise()', () => {
  const reshape = (attributes: RecordedNode & { kind: 'operation' }): Recording['nodes'][number] =>
    attributes;
  /** A reshape of the input to `target`, as tfjs executes it. */
  const recordingOf = (target: RecordedNode, op = 'Reshape'): Recording => ({
    nodes: [
      target,
      reshape({
        kind: 'operation',
        op,
        attributes: [],
        inputs: [
          { kind: 'input', name: 'values' },
          { kind: 'output', node: 0, output: 0 },
        ],
      }),
    ],
    outputs: [{ kind: 'output', node: 1, output: 0 }],
  });
  const sizes = (...values: number[]): RecordedNode => ({
    kind: 'constant',
    dtype: INT32,
    shape: [values.length],
    data: Int32Array.from(values),
  });
  const at = (constantAt: (at: Dimensions) => RecordedNode) =>
    AT.map((dimensions) => ({ dimensions, recording: recordingOf(constantAt(dimensions)) }));
  const refusal = (pattern: RegExp) => (thrown: unknown) =>
    thrown instanceof LockstepError &&
    thrown.code === 'ENGINE_CANNOT_COMPILE' &&
    pattern.test(thrown.message);

  it('makes sizes of the dimensions of constants that differ, and keeps the others', () => {
    const { nodes } = generalise(at(({ rows, length }) => sizes(rows! * length! - 8, 64)));
    assert.deepEqual(nodes[0], {
      kind: 'sizes',
      isScalar: false,
      elements: [
        { factor: 1, dimensions: ['rows', 'length'], offset: -8 },
        { factor: 0, dimensions: [], offset: 64 },
      ],
    });
    const same = generalise(at(() => sizes(-1, 64))).nodes[0];
    assert.deepEqual(same, sizes(-1, 64));
  });

  it('makes a filled tensor of a repeated value whose shape differs', () => {
    const ones = ({ length }: Dimensions): RecordedNode => ({
      kind: 'constant',
      dtype: FLOAT,
      shape: [length!, 1],
      data: new Float32Array(length!).fill(1),
    });
    const shape = [
      { factor: 1, dimensions: ['length'], offset: 0 },
      { factor: 0, dimensions: [], offset: 1 },
    ];
    assert.deepEqual(generalise(at(ones)).nodes[0], {
      kind: 'filled',
      dtype: FLOAT,
      value: 1,
      shape,
    });
  });

  it('refuses a size that no expression gives, naming the operation and what it saw', () => {
    const squares = at(({ rows }) => sizes(rows! ** 2));
    const expected =
      /a constant of Reshape is 9 at rows 3 × length 257, 25 at .*: 0 expressions fit/;
    assert.throws(() => generalise(squares), refusal(expected));
  });

  it('refuses numbers that depend on the shape', () => {
    const share = at(({ length }) => ({
      kind: 'constant',
      dtype: FLOAT,
      shape: [],
      data: Float32Array.of(1 / length!),
    }));
    const expected = /a constant of Reshape depends on the shape in more than its sizes/;
    assert.throws(() => generalise(share), refusal(expected));
  });

  it('refuses a step that runs other operations at another shape', () => {
    const [first, ...others] = at(() => sizes(1));
    const other = { ...others[2]!, recording: recordingOf(sizes(1), 'Squeeze') };
    const expected = /Reshape at rows 3 × length 257 and Squeeze at rows 1 × length 281 differ/;
    assert.throws(() => generalise([first!, ...others.slice(0, 2), other]), refusal(expected));
    const longer = { ...first!.recording, nodes: [...first!.recording.nodes, sizes(1)] };
    assert.throws(
      () => generalise([first!, { ...first!, recording: longer }]),
      refusal(/2 operations at .*, but 3 at/),
    );
  });
});
