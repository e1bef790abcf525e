/** What the host that leads gives to those that don't see its disk: the files of one list, and no other. */
import { LockstepError } from '../../core/errors.ts';
import { openFile } from '../../core/read-file.ts';
import type { CopiedFile } from '../../protocol/host-messages.ts';
import {
  openPieceServer,
  PIECE_BYTES,
  type PieceRequest,
  type PieceServer,
} from '../../protocol/piece-channel.ts';
import { anyAddress } from '../address.ts';

/** A file of the list, and where it is here. */
export interface OfferedFile extends CopiedFile {
  readonly path: string;
}

/**
 * Answers hosts that know the secret, until it is closed.
 * @param run name of this start of the run
 * @throws LockstepError PORT_IN_USE
 */
export async function offerFiles(
  secret: Buffer,
  run: string,
  files: readonly OfferedFile[],
  tell: (text: string) => void,
): Promise<PieceServer> {
  return await openPieceServer(
    secret,
    anyAddress(),
    async (asked) => readPiece(run, files, asked),
    tell,
  );
}

async function readPiece(
  run: string,
  files: readonly OfferedFile[],
  { run: its, file: number, offset }: PieceRequest,
): Promise<Uint8Array> {
  const file = files[number];
  if (its !== run || file === undefined || offset >= file.sizeBytes) throw notOffered();
  const bytes = Buffer.allocUnsafe(Math.min(PIECE_BYTES, file.sizeBytes - offset));
  const handle = await openFile(file.path);
  try {
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
    if (bytesRead < bytes.length) throw tooShort(file);
    return bytes;
  } finally {
    await handle.close();
  }
}

const notOffered = (): LockstepError =>
  new LockstepError(
    'PROTOCOL',
    'The host that leads was asked for what it does not give: the run there is another one by now.',
    'Start all hosts again.',
  );

const tooShort = ({ path, sizeBytes }: OfferedFile): LockstepError =>
  new LockstepError(
    'STORE_CORRUPT',
    `"${path}" on the host that leads has fewer than ${sizeBytes} bytes by now.`,
    'Look what changes it there, then start all hosts again.',
  );
