/** Entry of the comm thread, see comm-session.ts; started by comm-client.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadOptions, ToThread } from './comm-call.ts';
import { CommSession } from './comm-session.ts';

const port = parentPort!;
const options = workerData as ThreadOptions;
const session = new CommSession(options, (message) => port.postMessage(message));

async function close(): Promise<void> {
  await session.close();
  const closed = new Int32Array(options.closed);
  Atomics.store(closed, 0, 1);
  Atomics.notify(closed, 0);
  // Without a listener on its port, sockets and timers the thread ends by itself.
  port.close();
}

port.on('message', (message: ToThread) => {
  if (message.kind !== 'close') session.handle(message);
  else void close();
});
