/** Commands with standard streams as careless users have them. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CLONE } from './clone.ts';
import { deadline } from './slowness.ts';

export const STREAMS = ['fine', 'full', 'unread', 'gone', 'closed'] as const;
/** `unread` is a pipe that is already full, `gone` one whose reader has ended, `closed` no stream at all. */
export type Stream = (typeof STREAMS)[number];

/** The exit code of a command; null when it had to be killed. */
export async function codeWith(
  { stdout, stderr }: { readonly stdout: Stream; readonly stderr: Stream },
  folder: string,
  args: readonly string[],
): Promise<number | null> {
  const opened = [stdout, stderr].map((stream) => openStream(stream, folder));
  const closed = `${stdout === 'closed' ? '>&- ' : ''}${stderr === 'closed' ? '2>&-' : ''}`;
  const command = [process.execPath, join(CLONE, 'bin', 'lockstep.js'), ...args];
  const child = spawn('sh', ['-c', `exec "$@" ${closed}`, 'sh', ...command], {
    cwd: folder,
    stdio: ['ignore', opened[0]!.fd, opened[1]!.fd],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), deadline(120_000));
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearTimeout(timer);
  for (const { close } of opened) close();
  return code;
}

interface Opened {
  readonly fd: number;
  close(): void;
}

function openStream(stream: Stream, folder: string): Opened {
  if (stream === 'unread' || stream === 'gone') return openPipe(stream, folder);
  const fd = openSync(stream === 'full' ? '/dev/full' : '/dev/null', 'w');
  return { fd, close: () => closeSync(fd) };
}

function openPipe(stream: 'unread' | 'gone', folder: string): Opened {
  const path = join(folder, `pipe-${process.hrtime.bigint()}`);
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, 'w');
  rmSync(path);
  if (stream === 'gone') closeSync(reader);
  else writeSync(fd, Buffer.alloc(65_536));
  return {
    fd,
    close: () => {
      closeSync(fd);
      if (stream === 'unread') closeSync(reader);
    },
  };
}
