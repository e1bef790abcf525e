/** Typed arrays from functions. `from` and `filter` take their time, and memory for a list of the numbers. */

type NumberArray = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

/** The array, with a number for each index. */
export function filled<Numbers extends NumberArray>(
  array: Numbers,
  numberAt: (index: number) => number,
): Numbers {
  for (let index = 0; index < array.length; index++) array[index] = numberAt(index);
  return array;
}

/** What `Number` makes of each, without a bigint for each: the sum of its halves is rounded once, too. */
export function doublesOf(integers: BigInt64Array | BigUint64Array): Float64Array {
  const { buffer, byteOffset, length } = integers;
  const low = new Uint32Array(buffer, byteOffset, 2 * length);
  const isSigned = integers instanceof BigInt64Array;
  const high = isSigned ? new Int32Array(buffer, byteOffset, 2 * length) : low;
  const doubles = new Float64Array(length);
  for (let i = 0; i < length; i++) doubles[i] = high[2 * i + 1]! * 2 ** 32 + low[2 * i]!;
  return doubles;
}

/** The numbers that are selected, in their order. */
export function selected(
  numbers: Uint32Array,
  isSelected: (number: number) => boolean,
): Uint32Array {
  const found = new Uint32Array(numbers.length);
  let count = 0;
  for (const number of numbers) if (isSelected(number)) found[count++] = number;
  return found.subarray(0, count);
}
