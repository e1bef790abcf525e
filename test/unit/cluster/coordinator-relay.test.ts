import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, it } from 'node:test';
import { CoordinatorRelay } from '../../../src/cluster/coordinator-relay.ts';

const servers: net.Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

/** A server that says its name to each connection, then all that it hears. */
async function coordinator(name: string): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.write(name);
    socket.pipe(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

async function connect(relay: CoordinatorRelay): Promise<{ socket: net.Socket; first: string }> {
  const { hostname: host, port } = new URL(relay.endpoint);
  const socket = net.connect({ host, port: Number(port) });
  socket.on('error', () => {});
  const [first] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [Buffer];
  return { socket, first: String(first) };
}

it('leads workers to the coordinator, and to the next one once they connect again', async () => {
  const told: string[] = [];
  const relay = await CoordinatorRelay.open((text) => told.push(text));
  try {
    assert.equal((await connect(relay)).first, 'false', 'nobody is there yet');
    const [one, two] = [await coordinator('one'), await coordinator('two')];
    relay.pointAt(one);
    const { socket, first } = await connect(relay);
    assert.equal(first, 'one');
    socket.write('hello');
    assert.equal(String((await once(socket, 'data'))[0]), 'hello');
    relay.pointAt(one);
    assert.equal(socket.destroyed, false, 'the same coordinator: nothing changes');
    const cut = once(socket, 'close');
    relay.pointAt(two);
    await cut;
    const again = await connect(relay);
    assert.equal(again.first, 'two');
    again.socket.destroy();
    assert.deepEqual(told, []);
  } finally {
    relay.close();
  }
});

it('says once that the coordinator can not be reached, where it never was', async () => {
  const told: string[] = [];
  const relay = await CoordinatorRelay.open((text) => told.push(text));
  try {
    const gone = await coordinator('gone');
    servers.at(-1)!.close();
    relay.pointAt(gone);
    for (let attempt = 0; attempt < 2; attempt++) await connect(relay);
    const at = gone.replace('tcp://', '');
    assert.deepEqual(told, [
      `This host can't reach the coordinator at ${at}: ECONNREFUSED. Let all hosts reach each other by TCP on any port.`,
    ]);
    relay.pointAt(await coordinator('there'));
    (await connect(relay)).socket.destroy();
    assert.equal(told.length, 1);
  } finally {
    relay.close();
  }
});
