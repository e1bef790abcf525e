/** Files that one host gives and another one fetches, over real sockets in one process. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { writeFetched } from '../../src/cluster/copy/file-writer.ts';
import { type OfferedFile, offerFiles } from '../../src/cluster/copy/offer.ts';
import { PieceReader } from '../../src/cluster/copy/piece-reader.ts';
import { sha256OfFile } from '../../src/core/hash.ts';
import {
  openPieceClient,
  PIECE_BYTES,
  type PieceServer,
} from '../../src/protocol/piece-channel.ts';

const SECRET = Buffer.alloc(32, 7);
const PATIENCE = { retryMs: 100, patienceMs: 700 };

describe('files that another host fetches', () => {
  let folder: string;
  let files: OfferedFile[];
  let server: PieceServer;
  let refused: string[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
    refused = [];
    files = [];
    for (const [name, size] of [
      ['data/a', 3 * PIECE_BYTES + 17],
      ['data/b', 0],
    ] as const) {
      const path = join(folder, name.replace('/', '-'));
      writeFileSync(path, randomBytes(size));
      files.push({ name, path, ...(await sha256OfFile(path)) });
    }
    server = await offerFiles(SECRET, 'run#1', files, (text) => refused.push(text));
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  async function fetched(
    number: number,
    { secret = SECRET, run = 'run#1', signal = new AbortController().signal } = {},
  ) {
    const at = `127.0.0.1:${server.port}`;
    const connect = (handlers: Parameters<typeof openPieceClient>[3]) =>
      openPieceClient(at, secret, run, handlers);
    const reader = new PieceReader(connect, at, signal, PATIENCE);
    const target = join(folder, 'copy');
    try {
      const file = files[number]!;
      await writeFetched(target, reader.read(number, file.sizeBytes), file, () => {});
      return readFileSync(target);
    } finally {
      reader.close();
    }
  }
  const nothingIsLeft = () =>
    assert.deepEqual(readdirSync(folder).toSorted(), ['data-a', 'data-b']);

  it('are the same files there, an empty one too', async () => {
    for (const [number, { path }] of files.entries()) {
      assert.ok((await fetched(number)).equals(readFileSync(path)));
    }
  });

  it('are refused when they are no longer those of the list, and nothing of them stays', async () => {
    const { path, sizeBytes } = files[0]!;
    const changed = readFileSync(path);
    changed[2 * PIECE_BYTES]! ^= 1;
    writeFileSync(path, changed);
    await assert.rejects(
      fetched(0),
      /Cannot use "data\/a" of the host that leads: what came has SHA-256/,
    );
    nothingIsLeft();
    truncateSync(path, sizeBytes - 1);
    await assert.rejects(fetched(0), /has fewer than \d+ bytes by now/);
    nothingIsLeft();
  });

  it('are given to nobody without the secret, and to nobody of another start', async () => {
    await assert.rejects(fetched(0, { secret: Buffer.alloc(32, 8) }), { code: 'TIMEOUT' });
    assert.match(refused.join(), /^refused a connection/);
    await assert.rejects(fetched(0, { run: 'run#2' }), { code: 'PROTOCOL' });
    nothingIsLeft();
  });

  it('leave nothing behind when the host that gives them is lost meanwhile', async () => {
    const over = new AbortController();
    setTimeout(() => over.abort(new Error('the leader is lost')), 200);
    await server.close();
    await assert.rejects(fetched(0, { signal: over.signal }), /the leader is lost/);
    nothingIsLeft();
  });
});
