/**
 * The fixed 72-byte header in front of every frame of numbers that workers send each other. Little-endian:
 * magic u32 · version u16 · stage u16 · run 16 bytes · generation u32 · round u32 · step f64 ·
 * sender u32 · vector length u32 · micro-batches u32 · tree level u16 · flags u16 · tree index u32 · offset u32 ·
 * checksum of the payload u32 (flag 1; else 0) · checksum of the header up to here u32. Checksums are CRC-32.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const HEADER_BYTES = 72;
/** Payloads are at most this long, so that a receiver adds one while the next arrives. */
export const MAX_PAYLOAD_BYTES = 1 << 20;

const MAGIC = 0x504b434c;
const VERSION = 2;
const COVERS_PAYLOAD = 1;
const PAYLOAD_CHECKSUM_OFFSET = 64;
const HEADER_CHECKSUM_OFFSET = 68;
const STAGES = ['reduce', 'gather', 'state'] as const;
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
  readonly stage: (typeof STAGES)[number];
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

export interface ReceivedHeader extends DataHeader {
  /** Null: the sender gave none. */
  readonly payloadChecksum: number | null;
}

/** What data frames carry of a run's identity: the first 128 bits of its SHA-256, as hex. */
export function runTag(run: string): string {
  return createHash('sha256')
    .update(run)
    .digest('hex')
    .slice(0, 2 * RUN_BYTES);
}

/** @param payload what its checksum is to be made of; null: none is given */
export function encodeHeader(header: DataHeader, payload: Uint8Array | null): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt16LE(VERSION, 4);
  bytes.writeUInt16LE(STAGES.indexOf(header.stage), 6);
  bytes.write(header.run, RUN_OFFSET, RUN_BYTES, 'hex');
  bytes.writeUInt32LE(header.generation, 24);
  bytes.writeUInt32LE(header.round, 28);
  bytes.writeDoubleLE(header.step, 32);
  bytes.writeUInt32LE(header.sender, 40);
  bytes.writeUInt32LE(header.vectorLength, 44);
  bytes.writeUInt32LE(header.microBatches, 48);
  bytes.writeUInt16LE(header.level, 52);
  bytes.writeUInt16LE(payload === null ? 0 : COVERS_PAYLOAD, 54);
  bytes.writeUInt32LE(header.index, 56);
  bytes.writeUInt32LE(header.offset, 60);
  bytes.writeUInt32LE(payload === null ? 0 : crc32(payload), PAYLOAD_CHECKSUM_OFFSET);
  bytes.writeUInt32LE(headerChecksum(bytes), HEADER_CHECKSUM_OFFSET);
  return bytes;
}

/** The header; null when the bytes are no header of this version, or not as they were sent. */
export function decodeHeader(frame: Uint8Array): ReceivedHeader | null {
  if (frame.byteLength !== HEADER_BYTES) return null;
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const stage = STAGES[bytes.readUInt16LE(6)];
  if (bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt16LE(4) !== VERSION) return null;
  if (stage === undefined) return null;
  if (bytes.readUInt32LE(HEADER_CHECKSUM_OFFSET) !== headerChecksum(bytes)) return null;
  const isCovered = bytes.readUInt16LE(54) === COVERS_PAYLOAD;
  return {
    run: bytes.toString('hex', RUN_OFFSET, RUN_OFFSET + RUN_BYTES),
    generation: bytes.readUInt32LE(24),
    round: bytes.readUInt32LE(28),
    step: bytes.readDoubleLE(32),
    stage,
    sender: bytes.readUInt32LE(40),
    vectorLength: bytes.readUInt32LE(44),
    microBatches: bytes.readUInt32LE(48),
    level: bytes.readUInt16LE(52),
    index: bytes.readUInt32LE(56),
    offset: bytes.readUInt32LE(60),
    payloadChecksum: isCovered ? bytes.readUInt32LE(PAYLOAD_CHECKSUM_OFFSET) : null,
  };
}

/** Whether the payload is the one that was sent with this header, as far as a checksum was given. */
export function isIntact({ payloadChecksum }: ReceivedHeader, payload: Uint8Array): boolean {
  return payloadChecksum === null || crc32(payload) === payloadChecksum;
}

const headerChecksum = (bytes: Buffer): number => crc32(bytes.subarray(0, HEADER_CHECKSUM_OFFSET));
