/** Which sequences a phase sees: a pure function of (index, configuration, seed). */
import type { SubsetConfig } from '../../config/phase-section.ts';
import { LockstepError } from '../../core/errors.ts';
import { permutation } from '../../core/permutation.ts';
import type { StoreIndex } from '../format/store.ts';
import { SPLITS, UNLABELLED } from '../format/store.ts';
import { croppedLengths, type Lengths } from './lengths.ts';

/** Sequences of a store, and how much of each. */
export interface Subset {
  /** Numbers of the subset's sequences in the store, ascending (so shortest first). */
  readonly sequences: Int32Array;
  /** Timesteps of each row: min(length, crop), ascending; indexed like `sequences`. */
  readonly effectiveLengths: Lengths;
  /** Uncropped lengths, indexed by a sequence's number in the store. */
  readonly storeLengths: Int32Array;
}

/** What a subset follows from. */
export interface SubsetRequest {
  readonly index: StoreIndex;
  /** Names of the classes: their number, and words for messages. */
  readonly classes: readonly string[];
  readonly subset: SubsetConfig;
  readonly seed: number;
  /** Whether to leave out sequences without a label. */
  readonly labelled: boolean;
}

/**
 * The subset of a store that a phase or an evaluation sees. Draws are nested: with the same seed and draw,
 * fewer labels a class or fewer sequences are part of more.
 * @throws LockstepError DATA_INVALID when there are too few labels, or no sequence is left; CONFIG_INVALID for two draws
 */
export function selectSubset(request: SubsetRequest): Subset {
  const { index, subset } = request;
  const candidates = sequencesOfSplit(request);
  if (candidates.length === 0) throw emptySubset(request);
  const drawn = drawLabelled(request, candidates);
  const sequences = subset.maxSequences === undefined ? drawn : drawSequences(request, drawn);
  const effectiveLengths = croppedLengths(sequences, index.lengths, subset.crop);
  return { sequences, effectiveLengths, storeLengths: index.lengths };
}

/** A draw by labels needs labels, whatever the objective. */
const needsLabels = ({ subset, labelled }: SubsetRequest) =>
  labelled || subset.labelsPerClass !== undefined || subset.labelledSequences !== undefined;

function sequencesOfSplit(request: SubsetRequest): Int32Array {
  const { index, subset } = request;
  const labelled = needsLabels(request);
  const split = SPLITS.indexOf(subset.split);
  const isIn = (sequence: number) =>
    index.splits[sequence] === split && !(labelled && index.labels[sequence] === UNLABELLED);
  let count = 0;
  for (let sequence = 0; sequence < index.lengths.length; sequence++) if (isIn(sequence)) count++;
  const sequences = new Int32Array(count);
  for (let sequence = 0, next = 0; next < count; sequence++) {
    if (isIn(sequence)) sequences[next++] = sequence;
  }
  return sequences;
}

/** The draw of sequences whatever their class; below it is a class each. */
const ANY_CLASS = 2 ** 32 - 1;

function drawLabelled(request: SubsetRequest, candidates: Int32Array): Int32Array {
  const { labelsPerClass, labelledSequences: wanted, draw } = request.subset;
  if (labelsPerClass !== undefined && wanted !== undefined) throw twoDraws();
  if (labelsPerClass !== undefined) return drawLabels(request, candidates);
  if (wanted === undefined) return candidates;
  if (candidates.length < wanted) throw tooFewLabelled(request, candidates.length);
  const shuffle = permutation(candidates.length, request.seed, 'label-draw', draw, ANY_CLASS);
  return Int32Array.from({ length: wanted }, (_, at) => candidates[shuffle.at(at)]!).sort();
}

function twoDraws(): LockstepError {
  return new LockstepError(
    'CONFIG_INVALID',
    'data.labelsPerClass and data.labelledSequences exclude each other: both draw the labelled sequences.',
    'Leave one of them out.',
  );
}

function tooFewLabelled({ subset }: SubsetRequest, found: number): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Cannot draw ${subset.labelledSequences} labelled sequences from the ${subset.split} split: it has ${found}.`,
    `Set labelledSequences to ${found} or less, or leave it out to use every label.`,
  );
}

function drawLabels(request: SubsetRequest, candidates: Int32Array): Int32Array {
  const { index, classes, subset, seed } = request;
  const wanted = subset.labelsPerClass!;
  const drawn: number[] = [];
  for (let label = 0; label < classes.length; label++) {
    const ofClass = candidates.filter((sequence) => index.labels[sequence] === label);
    if (ofClass.length < wanted) throw tooFewLabels(request, classes[label]!, ofClass.length);
    const shuffle = permutation(ofClass.length, seed, 'label-draw', subset.draw, label);
    for (let position = 0; position < wanted; position++) {
      drawn.push(ofClass[shuffle.at(position)]!);
    }
  }
  return Int32Array.from(drawn).sort();
}

function drawSequences({ subset, seed }: SubsetRequest, candidates: Int32Array): Int32Array {
  const wanted = Math.min(subset.maxSequences!, candidates.length);
  const shuffle = permutation(candidates.length, seed, 'subset', 0, SPLITS.indexOf(subset.split));
  return Int32Array.from({ length: wanted }, (_, at) => candidates[shuffle.at(at)]!).sort();
}

function tooFewLabels({ subset }: SubsetRequest, name: string, found: number): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Cannot draw ${subset.labelsPerClass} labelled sequences of class "${name}" from the ${subset.split} split: it has ${found}.`,
    found === 0
      ? 'Label some sequences of this class, or leave labelsPerClass out.'
      : `Set labelsPerClass to ${found} or less, or leave it out to use every label.`,
  );
}

function emptySubset(request: SubsetRequest): LockstepError {
  const { index, subset } = request;
  const labelled = needsLabels(request);
  const kind = labelled ? 'labelled sequence' : 'sequence';
  return new LockstepError(
    'DATA_INVALID',
    `The ${subset.split} split has no ${kind}; the store holds ${index.lengths.length} sequences in all.`,
    labelled
      ? 'Import labels for this split, or choose another with data.split.'
      : 'Choose another split with data.split, or import again with a share for this one.',
  );
}
