/** Counts multiplications and additions of TensorFlow operations. */

/** Multiplications and additions; undefined for operations whose limit is memory. */
export function flopsOfOperation(
  op: string,
  inputShapes: readonly (readonly number[])[],
  outputShape: readonly number[],
  attributes: readonly { readonly name: string; readonly value: unknown }[] = [],
): number | undefined {
  const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  /** Each position of `shape` meets the whole filter `[1, taps, in, out]`. */
  const convolution = (shape: readonly number[], filter: readonly number[]) =>
    2 * sizeOf(shape.slice(0, -1)) * sizeOf(filter);
  switch (op) {
    case 'Conv2D':
      return convolution(outputShape, inputShapes[1]!);
    case 'Conv2DBackpropInput':
      return convolution(inputShapes[2]!, inputShapes[1]!);
    case 'Conv2DBackpropFilter':
      return convolution(inputShapes[2]!, outputShape);
    case 'MatMul': {
      const isTransposed = attributes.some(({ name, value }) => name === 'transpose_a' && value);
      return 2 * sizeOf(outputShape) * inputShapes[0]!.at(isTransposed ? 0 : 1)!;
    }
    default:
      return undefined;
  }
}
