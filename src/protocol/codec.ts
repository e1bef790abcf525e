/**
 * Bytes ↔ control messages: the only place that sees untyped bytes of the control channel. Whatever comes
 * in, decoding gives a message or a PROTOCOL error as a value; it never throws and never allocates more
 * than a small multiple of the frame.
 */
import { Packr, Unpackr } from 'msgpackr';
import type { z } from 'zod';
import { LockstepError } from '../core/errors.ts';
import type { CoordinatorMessage, WorkerMessage } from './messages.ts';
import { coordinatorMessage, PROTOCOL_VERSION, workerMessage } from './messages.ts';
import { scanMsgpack } from './scan-msgpack.ts';

/** A control message is small: metrics of a step, an evaluation's table. */
export const MAX_CONTROL_BYTES = 1 << 20;
/** Nesting of the deepest message there is reason to send. */
export const MAX_DEPTH = 32;

export type Decoded<M> =
  | { readonly ok: true; readonly message: M }
  | { readonly ok: false; readonly error: LockstepError };

const PLAIN = { useRecords: false, mapsAsObjects: true, moreTypes: false } as const;
const packr = new Packr(PLAIN);
const unpackr = new Unpackr(PLAIN);

/** The frame of a message. Throws PROTOCOL when it is larger than `MAX_CONTROL_BYTES`. */
export function encode(message: WorkerMessage | CoordinatorMessage): Buffer {
  // A copy: msgpackr packs into a shared buffer, which the next message would overwrite while ZeroMQ sends.
  const frame = Buffer.from(packr.pack(message));
  if (frame.length <= MAX_CONTROL_BYTES) return frame;
  throw protocolError(
    `Cannot send the control message "${message.kind}": it has ${frame.length} bytes, at most ${MAX_CONTROL_BYTES} are allowed.`,
    'Report fewer metrics or events at once.',
  );
}

/** What a coordinator received from a worker. */
export function decodeFromWorker(frame: Uint8Array): Decoded<WorkerMessage> {
  return decode(frame, workerMessage);
}

/** What a worker received from the coordinator. */
export function decodeFromCoordinator(frame: Uint8Array): Decoded<CoordinatorMessage> {
  return decode(frame, coordinatorMessage);
}

function decode<M>(frame: Uint8Array, schema: z.ZodType<M>): Decoded<M> {
  if (frame.length > MAX_CONTROL_BYTES) {
    return refused(`it has ${frame.length} bytes, at most ${MAX_CONTROL_BYTES} are allowed`);
  }
  const fault = scanMsgpack(frame, MAX_DEPTH);
  if (fault !== null) return refused(fault);
  try {
    const value: unknown = unpackr.unpack(frame);
    const version = versionOf(value);
    if (version !== undefined && version !== PROTOCOL_VERSION) return wrongVersion(version);
    const parsed = schema.safeParse(value);
    if (parsed.success) return { ok: true, message: parsed.data };
    const issue = parsed.error.issues[0];
    return refused(`${issue?.path.join('.') || 'the message'}: ${issue?.message ?? 'invalid'}`);
  } catch (thrown) {
    return refused(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function versionOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('protocol' in value)) return undefined;
  return typeof value.protocol === 'number' ? value.protocol : undefined;
}

function wrongVersion(version: number): { ok: false; error: LockstepError } {
  const message = `A peer speaks version ${version} of the control protocol, this process version ${PROTOCOL_VERSION}.`;
  return { ok: false, error: protocolError(message, 'Start all processes from one installation.') };
}

function refused(why: string): { ok: false; error: LockstepError } {
  const message = `Cannot read a control message: ${why}.`;
  return {
    ok: false,
    error: protocolError(message, 'Check that nothing but Lockstep uses its sockets.'),
  };
}

function protocolError(message: string, advice: string): LockstepError {
  return new LockstepError('PROTOCOL', message, advice);
}
