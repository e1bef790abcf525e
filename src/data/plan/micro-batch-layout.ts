/** Which places of which length class a micro-batch takes, before anything is shuffled. */
import type { LengthClass } from './length-class.ts';

/** The places [begin, end) of one length class, counted from the class's own first. */
export interface MicroBatchPlaces {
  readonly classNumber: number;
  readonly begin: number;
  readonly end: number;
}

export interface MicroBatchLayout {
  readonly classes: readonly LengthClass[];
  readonly microBatches: number;
  /** Random access; places of one class are dealt out evenly, sizes differ by one at most. */
  placesOf(microBatch: number): MicroBatchPlaces;
}

/** Lays the places of classes out over micro-batches; every place is in exactly one. */
export function microBatchLayout(classes: readonly LengthClass[]): MicroBatchLayout {
  const firstOfClass: number[] = [];
  let microBatches = 0;
  for (const one of classes) {
    firstOfClass.push(microBatches);
    microBatches += one.microBatches;
  }
  return {
    classes,
    microBatches,
    placesOf(microBatch) {
      const classNumber = firstOfClass.findLastIndex((first) => first <= microBatch);
      const { begin, end, microBatches: share } = classes[classNumber]!;
      const position = microBatch - firstOfClass[classNumber]!;
      const placeAt = (boundary: number) => Math.floor(((end - begin) * boundary) / share);
      return { classNumber, begin: placeAt(position), end: placeAt(position + 1) };
    },
  };
}
