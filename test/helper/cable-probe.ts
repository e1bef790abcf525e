/**
 * Measures a way between two hosts by TCP: `serve` answers on one, `ask ADDRESS` on the other prints the shortest round
 * trip of a byte and what one stream carries, as JSON.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** What was seen of a way. */
export interface ProbedCable {
  readonly roundTripMs: number;
  readonly megabitsPerSecond: number;
}

const PORT = 5001;
const ROUND_TRIPS = 50;
/** TCP finds out what the way carries. */
const WARM_UP_MS = 500;
const MEASURED_MS = 1500;

function serve(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.once('data', (first) => {
      if (first.toString() === 'p') socket.on('data', (bytes) => socket.write(bytes)).write('p');
      else pour(socket);
    });
    socket.on('error', () => {});
  });
  server.listen(PORT, '0.0.0.0', () => process.stdout.write('serves\n'));
}

function pour(socket: Socket): void {
  const bytes = Buffer.alloc(1 << 18);
  const more = () => {
    while (socket.writable && socket.write(bytes)) {
      // As much as the socket takes.
    }
  };
  socket.on('drain', more);
  more();
}

async function open(address: string): Promise<Socket> {
  const socket = connect({ port: PORT, host: address, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function roundTripMs(address: string): Promise<number> {
  const socket = await open(address);
  const times: number[] = [];
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const start = performance.now();
    socket.write('p');
    await once(socket, 'data');
    times.push(performance.now() - start);
  }
  socket.destroy();
  return Math.min(...times);
}

async function megabitsPerSecond(address: string): Promise<number> {
  const socket = await open(address);
  let [bytes, last] = [0, 0];
  socket.on('data', (part) => {
    bytes += part.length;
    last = performance.now();
  });
  socket.write('t');
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await wait(WARM_UP_MS);
  const [bytesBefore, start] = [bytes, last];
  await wait(MEASURED_MS);
  socket.destroy();
  return (8 * (bytes - bytesBefore)) / (last - start) / 1e3;
}

const [what, address] = process.argv.slice(2);
if (what === 'serve') {
  serve();
} else {
  const probed: ProbedCable = {
    roundTripMs: await roundTripMs(address!),
    megabitsPerSecond: await megabitsPerSecond(address!),
  };
  process.stdout.write(`${JSON.stringify(probed)}\n`);
}
