/** Typed arrays from functions. `from` and `filter` first make a list of numbers, of several times the memory. */

type NumberArray = Float64Array | Int32Array | Uint32Array | Uint8Array;

/** The array, with a number for each index. */
export function filled<Numbers extends NumberArray>(
  array: Numbers,
  numberAt: (index: number) => number,
): Numbers {
  for (let index = 0; index < array.length; index++) array[index] = numberAt(index);
  return array;
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
