/** What can be told of sequences of symbols without a network. */
import type { MicroBatch } from '../../engine/engine.ts';

/** `[rows, symbols]`: the root of each symbol's share of a row, which makes rare symbols count; empty for 0 symbols. */
export function histograms(
  {
    rows,
    paddedLength,
    lengths,
    feeds,
  }: Pick<MicroBatch, 'rows' | 'paddedLength' | 'lengths' | 'feeds'>,
  symbols: number,
): Float32Array {
  const shares = new Float32Array(rows * symbols);
  if (symbols === 0) return shares;
  const { data } = feeds.values!;
  for (let row = 0; row < rows; row++) {
    const first = row * paddedLength;
    for (let at = first; at < first + lengths[row]!; at++) shares[row * symbols + data[at]!]! += 1;
    for (let cell = row * symbols; cell < (row + 1) * symbols; cell++) {
      shares[cell] = Math.sqrt(shares[cell]! / lengths[row]!);
    }
  }
  return shares;
}
