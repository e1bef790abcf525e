/** Which places of which length class each micro-batch takes, before the shuffle. */
import type { LengthClass } from './length-class.ts';

/** The places [begin, end) of one length class, counted from the first of the class. */
export interface MicroBatchPlaces {
  readonly classNumber: number;
  readonly begin: number;
  readonly end: number;
}

/** The micro-batches of one epoch, as places. */
export interface MicroBatchLayout {
  readonly classes: readonly LengthClass[];
  readonly microBatches: number;
  /** The places of one micro-batch. Sizes within a class differ by at most one. */
  placesOf(microBatch: number): MicroBatchPlaces;
  /** Places in micro-batches of fewer places than this. */
  placesInFewerThan(places: number): number;
}

/** Distributes the places of all classes over micro-batches; each place is in exactly one. */
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
    placesInFewerThan(places) {
      return classes.reduce((sum, one) => sum + placesInSmall(one, places), 0);
    },
  };
}

/** A class has micro-batches of two sizes: `larger` of them have one place more than the others. */
function placesInSmall({ begin, end, microBatches }: LengthClass, places: number): number {
  const size = Math.floor((end - begin) / microBatches);
  const larger = (end - begin) % microBatches;
  const ofSmaller = size < places ? (microBatches - larger) * size : 0;
  const ofLarger = size + 1 < places ? larger * (size + 1) : 0;
  return ofSmaller + ofLarger;
}
