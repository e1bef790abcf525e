/**
 * A `Progress` as bytes for another worker: SHA-256 of the rest (32 bytes), then one safetensors file in memory
 * whose metadata hold the description and whose tensors are named `part/name`.
 */
import type { Progress } from '../../checkpoint/progress.ts';
import {
  decodeProgress,
  encodeProgress,
  type ProgressDescription,
  partsOf,
} from '../../checkpoint/progress-codec.ts';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../../checkpoint/safetensors.ts';
import type { TensorSource } from '../../checkpoint/state-tensors.ts';
import { LockstepError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import type { StateLayout } from '../../engine/engine.ts';

const HASH_BYTES = 32;
const SOURCE = "a peer's state";

/** @returns whole words of four bytes, in memory of their own */
export function encodeSnapshot(
  progress: Progress,
  names: { readonly layout: StateLayout; readonly optimizer: string },
): Uint8Array {
  const { description, parts } = encodeProgress(progress, names);
  const tensors = [...parts].flatMap(([part, content]) =>
    content.map((tensor) => ({ ...tensor, name: `${part}/${tensor.name}` })),
  );
  const metadata = { progress: JSON.stringify(description) };
  const bytes = concatenate([new Uint8Array(HASH_BYTES), ...encodeSafetensors(tensors, metadata)]);
  bytes.set(Buffer.from(sha256(bytes.subarray(HASH_BYTES)), 'hex'));
  return bytes;
}

/** @throws LockstepError PROTOCOL when the bytes are not those that were sent */
export function decodeSnapshot(bytes: Uint8Array, layout: StateLayout): Progress {
  const hash = Buffer.from(bytes.subarray(0, HASH_BYTES)).toString('hex');
  if (sha256(bytes.subarray(HASH_BYTES)) !== hash) {
    throw new LockstepError(
      'PROTOCOL',
      `The ${bytes.length} bytes of a peer's state do not have the SHA-256 that was sent with them.`,
      'Check the memory and the network of the hosts.',
    );
  }
  const { tensors, metadata } = decodeSafetensors(bytes.subarray(HASH_BYTES), SOURCE);
  const description = JSON.parse(metadata.progress!) as ProgressDescription;
  const sources = partsOf(description).map(
    (part) => [part, { path: SOURCE, tensors: partOf(tensors, part) }] as const,
  );
  return decodeProgress(description, new Map<string, TensorSource>(sources), layout);
}

/** The tensors of one part, under their own names. */
function partOf(all: ReadonlyMap<string, Tensor>, part: string): Map<string, Tensor> {
  const prefix = `${part}/`;
  const own = [...all.values()]
    .filter(({ name }) => name.startsWith(prefix))
    .map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }));
  return new Map(own.map((tensor) => [tensor.name, tensor]));
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  // Not of Buffer's pool: it is handed over to another thread.
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
