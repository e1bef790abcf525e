import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { answerProbes, probeAgents } from '../../../src/cluster/probe.ts';

const WAIT_MS = 20_000;
const newRun = (): string => `/runs/${randomBytes(8).toString('hex')}`;

const agentName = (run: string): string => {
  const hash = createHash('sha256').update(run).digest('hex').slice(0, 16);
  return `lockstep-agent-${hash}-${randomBytes(4).toString('hex')}`;
};

const servers: Server[] = [];
/** A stranger's socket with the name of an agent's. */
async function listenAs(run: string, onSocket: (socket: Socket) => void): Promise<void> {
  const server = createServer(onSocket);
  server.listen(`\0${agentName(run)}`);
  servers.push(server);
  await once(server, 'listening');
}

describe('probeAgents()', () => {
  after(() => {
    for (const server of servers) server.close();
  });

  it('hears of every agent of a run on this host, until it ends', async () => {
    const run = newRun();
    assert.deepEqual(await probeAgents(run, WAIT_MS), { alive: [], silent: 0 });
    const [first, second] = [await answerProbes(run), await answerProbes(run)];
    const other = await answerProbes(newRun());
    const both = [process.pid, process.pid];
    assert.deepEqual(await probeAgents(run, WAIT_MS), { alive: both, silent: 0 });
    first();
    assert.deepEqual((await probeAgents(run, WAIT_MS)).alive, [process.pid]);
    second();
    other();
    assert.deepEqual(await probeAgents(run, WAIT_MS), { alive: [], silent: 0 });
  });

  it('takes nobody for alive who hangs up without an answer, and waits for no stranger beyond its time', async () => {
    const [mute, chatty] = [newRun(), newRun()];
    await listenAs(mute, (socket) => void socket.end());
    assert.deepEqual(await probeAgents(mute, WAIT_MS), { alive: [], silent: 0 });
    await listenAs(chatty, (socket) => {
      const timer = setInterval(() => socket.write('0'), 10);
      socket.on('error', () => {}).on('close', () => clearInterval(timer));
    });
    assert.deepEqual(await probeAgents(chatty, 50), { alive: [], silent: 1 });
    assert.deepEqual(await probeAgents(chatty, 2 ** 40), { alive: [], silent: 0 });
  });

  const skip = process.getuid?.() !== 0 && 'only root can be two users';
  it('believes no socket of another user', { skip }, async () => {
    const run = newRun();
    const program = `
      const server = require('node:net').createServer((socket) => socket.end('1\\n'));
      server.listen('\\0${agentName(run)}', () => console.log('listening'));`;
    const stranger = spawn(process.execPath, ['-e', program], { uid: 65_534, cwd: '/' });
    await once(stranger.stdout, 'data');
    assert.deepEqual(await probeAgents(run, WAIT_MS), { alive: [], silent: 0 });
    stranger.kill('SIGKILL');
  });

  it('knows a run by its path from any folder', async () => {
    const end = await answerProbes('runs/a');
    assert.equal((await probeAgents(`${process.cwd()}/runs/../runs/a`, WAIT_MS)).alive.length, 1);
    end();
  });
});
