/**
 * The fixed 64-byte header in front of every frame of numbers that workers send each other. Little-endian:
 * magic u32 · version u16 · phase u16 · run 16 bytes · generation u32 · round u32 · step f64 ·
 * sender u32 · vector length u32 · micro-batches u32 · tree level u16 · reserved u16 · tree index u32 · offset u32.
 */
import { createHash } from 'node:crypto';

export const HEADER_BYTES = 64;
/** Payloads are at most this long, so that a receiver adds one while the next arrives. */
export const MAX_PAYLOAD_BYTES = 1 << 20;

const MAGIC = 0x504b434c;
const VERSION = 1;
const PHASES = ['reduce', 'gather', 'state'] as const;
const RUN_OFFSET = 8;
const RUN_BYTES = 16;

export interface DataHeader {
  /** 32 hexadecimal digits: `runTag` of the run. */
  readonly run: string;
  readonly generation: number;
  /** Number of the all-reduce in this generation, from 0: it orders frames. */
  readonly round: number;
  /** Global step that the round belongs to: a check, since all ranks must agree on it. */
  readonly step: number;
  /**
   * `reduce`: a part of the sender's subtree sum for the receiver's segment; `gather`: of the sender's reduced
   * segment; `state`: of what a worker needs to take part, in words of four bytes.
   */
  readonly phase: (typeof PHASES)[number];
  /** Rank of the sender. */
  readonly sender: number;
  readonly vectorLength: number;
  readonly microBatches: number;
  /** Node of the sum's tree; 0 and 0 in the other frames. */
  readonly level: number;
  readonly index: number;
  /** First element of the payload in the whole vector. */
  readonly offset: number;
}

/** What data frames carry of a run's identity: the first 128 bits of its SHA-256, as hex. */
export function runTag(run: string): string {
  return createHash('sha256')
    .update(run)
    .digest('hex')
    .slice(0, 2 * RUN_BYTES);
}

export function encodeHeader(header: DataHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt16LE(VERSION, 4);
  bytes.writeUInt16LE(PHASES.indexOf(header.phase), 6);
  bytes.write(header.run, RUN_OFFSET, RUN_BYTES, 'hex');
  bytes.writeUInt32LE(header.generation, 24);
  bytes.writeUInt32LE(header.round, 28);
  bytes.writeDoubleLE(header.step, 32);
  bytes.writeUInt32LE(header.sender, 40);
  bytes.writeUInt32LE(header.vectorLength, 44);
  bytes.writeUInt32LE(header.microBatches, 48);
  bytes.writeUInt16LE(header.level, 52);
  bytes.writeUInt32LE(header.index, 56);
  bytes.writeUInt32LE(header.offset, 60);
  return bytes;
}

/** The header; null when the bytes are no header of this version. */
export function decodeHeader(frame: Uint8Array): DataHeader | null {
  if (frame.byteLength !== HEADER_BYTES) return null;
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const phase = PHASES[bytes.readUInt16LE(6)];
  if (bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt16LE(4) !== VERSION) return null;
  if (phase === undefined) return null;
  return {
    run: bytes.toString('hex', RUN_OFFSET, RUN_OFFSET + RUN_BYTES),
    generation: bytes.readUInt32LE(24),
    round: bytes.readUInt32LE(28),
    step: bytes.readDoubleLE(32),
    phase,
    sender: bytes.readUInt32LE(40),
    vectorLength: bytes.readUInt32LE(44),
    microBatches: bytes.readUInt32LE(48),
    level: bytes.readUInt16LE(52),
    index: bytes.readUInt32LE(56),
    offset: bytes.readUInt32LE(60),
  };
}
