/**
 * How a probe learns whether the agent of a run on this host is alive: it listens on an abstract Unix socket, of which no
 * file is left when it dies, and answers from its main thread. Such sockets belong to a network namespace, as a pod has
 * one; every user there can ask, and can make a socket of that name: the kernel says whose one is.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { peerUser } from '../core/peer-user.ts';

/** A process id. */
const ANSWER = /^[1-9]\d*\n$/;
const LONGEST_ANSWER = 16;
/** Of Node's timers. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Answers probes until the function that it resolves with is called. */
export async function answerProbes(runFolder: string): Promise<() => void> {
  const server = createServer((socket) => {
    // One that goes before it has its answer doesn't matter.
    socket.on('error', () => {}).end(`${process.pid}\n`, () => socket.destroy());
  });
  server.unref();
  // Strangers may keep the others waiting, but not this process's files.
  server.maxConnections = 8;
  server.listen(`\0${nameOf(runFolder)}-${randomBytes(4).toString('hex')}`);
  await once(server, 'listening');
  return () => server.close();
}

export interface Probed {
  /** Process ids of the agents that answered. */
  readonly alive: readonly number[];
  /** So many are there and did not. */
  readonly silent: number;
}

/** Asks all agents of a run on this host: those of this user, and of the one whose folder it is. */
export async function probeAgents(runFolder: string, waitMs: number): Promise<Probed> {
  const users = [process.geteuid?.(), statSync(runFolder, { throwIfNoEntry: false })?.uid];
  const isTrusted = (user: number | null) => user === null || users.includes(user);
  const answers = await Promise.all(
    socketsOf(runFolder).map((name) => ask(name, { waitMs, isTrusted })),
  );
  return {
    alive: answers.filter((answer) => typeof answer === 'number'),
    silent: answers.filter((answer) => answer === 'silent').length,
  };
}

const nameOf = (runFolder: string): string =>
  `lockstep-agent-${createHash('sha256').update(resolve(runFolder)).digest('hex').slice(0, 16)}`;

/** From the kernel's list; it writes an @ for the NUL at the beginning, and for those after a name. */
function socketsOf(runFolder: string): string[] {
  const pattern = new RegExp(` @(${nameOf(runFolder)}-[0-9a-f]{8})@*$`, 'gm');
  const names = [...readFileSync('/proc/net/unix', 'utf8').matchAll(pattern)].map(
    ([, name]) => name!,
  );
  // A connection that waits for its answer has the name, too.
  return [...new Set(names)];
}

interface Asking {
  readonly waitMs: number;
  /** Whether a socket of this user may be an agent's; null where that is not known. */
  readonly isTrusted: (user: number | null) => boolean;
}

/** The process id of an agent, unless it gives no answer in time, has ended meanwhile or is another user's. */
function ask(name: string, { waitMs, isTrusted }: Asking): Promise<number | 'silent' | 'gone'> {
  return new Promise((resolveWith) => {
    let text = '';
    const socket = connect(`\0${name}`).setEncoding('utf8');
    const end = (answer: number | 'silent' | 'gone'): void => {
      clearTimeout(timer);
      socket.destroy();
      resolveWith(answer);
    };
    // Of the whole answer: strangers can listen by such a name, too, and speak for ever.
    const timer = setTimeout(() => end('silent'), Math.min(waitMs, LONGEST_WAIT_MS));
    socket.on('connect', () => {
      if (!isTrusted(userOf(socket))) end('gone');
    });
    socket.on('data', (part) => {
      text += part;
      if (text.length > LONGEST_ANSWER) end('gone');
    });
    socket.on('error', () => end('gone'));
    socket.on('end', () => end(ANSWER.test(text) ? Number(text) : 'gone'));
  });
}

/** Node keeps the descriptor of a socket to itself. */
const userOf = (socket: Socket): number | null =>
  peerUser((socket as unknown as { _handle: { fd: number } })._handle.fd);
