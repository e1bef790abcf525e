import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PieceReader } from '../../../src/cluster/copy/piece-reader.ts';
import { LockstepError } from '../../../src/core/errors.ts';
import { PIECE_BYTES, type PieceHandlers } from '../../../src/protocol/piece-channel.ts';

/** Bytes that tell where they are from: a piece in another place gives another file. */
const fileOf = (sizeBytes: number): Buffer => {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 4096) bytes.writeUInt8((at / 4096) % 251, at);
  return bytes;
};
const pieceOf = (file: Buffer, offset: number) => file.subarray(offset, offset + PIECE_BYTES);

type Link = (handlers: PieceHandlers) => { ask(file: number, offset: number): void; close(): void };

/** A machine may be busy for seconds. */
const LONG_MS = 60_000;

async function readAll(
  link: Link,
  sizeBytes: number,
  { signal = new AbortController().signal, patienceMs = LONG_MS } = {},
) {
  const reader = new PieceReader(link, 'h1', signal, { retryMs: 5, patienceMs });
  const parts: Uint8Array[] = [];
  for await (const bytes of reader.read(3, sizeBytes)) parts.push(bytes);
  reader.close();
  return Buffer.concat(parts);
}

describe('what is read of another host in pieces', () => {
  it('is the file, whatever is lost, comes late, twice or in another order', async () => {
    const size = fc.integer({ min: 0, max: 12 * PIECE_BYTES });
    const fates = fc.infiniteStream(fc.constantFrom('lost', 'now', 'late', 'twice', 'other'));
    await fc.assert(
      fc.asyncProperty(size, fates, async (sizeBytes, fate) => {
        const file = fileOf(sizeBytes);
        const link: Link = ({ onPiece }) => ({
          ask: (number, offset) => {
            const give = () => onPiece(number, offset, pieceOf(file, offset));
            const what = fate.next().value;
            if (what === 'now' || what === 'twice') give();
            if (what === 'late' || what === 'twice') setTimeout(give, 1);
            // Of another file, and not a whole piece.
            if (what === 'other') onPiece(number + 1, offset, pieceOf(file, offset));
            if (what === 'other') onPiece(number, offset, Buffer.alloc(1));
          },
          close: () => {},
        });
        assert.ok((await readAll(link, sizeBytes)).equals(file));
      }),
      { numRuns: 25 },
    );
  });

  it('is never asked for beyond a few pieces ahead of what was written', async () => {
    const file = fileOf(40 * PIECE_BYTES);
    let [asked, written] = [0, 0];
    const link: Link = ({ onPiece }) => ({
      ask: (number, offset) => {
        asked++;
        assert.ok(asked - written <= 17, `${asked} asked for, ${written} written`);
        setImmediate(() => onPiece(number, offset, pieceOf(file, offset)));
      },
      close: () => {},
    });
    const reader = new PieceReader(link, 'h1', new AbortController().signal);
    for await (const _ of reader.read(0, file.length)) written++;
    assert.equal(written, 40);
  });

  it('is only what was asked for: nothing else is kept', async () => {
    const file = fileOf(40 * PIECE_BYTES);
    const link: Link = ({ onPiece }) => ({
      ask: (number, offset) => {
        const ahead = offset + 20 * PIECE_BYTES;
        if (ahead < file.length) onPiece(number, ahead, Buffer.alloc(PIECE_BYTES, 7));
        setImmediate(() => onPiece(number, offset, pieceOf(file, offset)));
      },
      close: () => {},
    });
    assert.ok((await readAll(link, file.length)).equals(file));
  });

  it('ends with a reason when nothing comes, when the other side has none, and when it is told to', async () => {
    const silent: Link = () => ({ ask: () => {}, close: () => {} });
    await assert.rejects(
      readAll(silent, 10, { patienceMs: 200 }),
      /^LockstepError: Cannot fetch the run: nothing came from h1 for 0.2 s/,
    );
    const none: Link = ({ onFailure }) => ({
      ask: () => onFailure(new LockstepError('STORE_CORRUPT', 'It is gone.', 'Look.')),
      close: () => {},
    });
    await assert.rejects(readAll(none, 10), { code: 'STORE_CORRUPT' });
    const over = new AbortController();
    setTimeout(() => over.abort(new Error('the leader is lost')), 20);
    await assert.rejects(readAll(silent, 10, { signal: over.signal }), /the leader is lost/);
  });
});
