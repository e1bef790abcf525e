import assert from 'node:assert/strict';
import { it } from 'node:test';
import { AgentLinks } from '../../../src/cluster/agent-links.ts';

const SECRET = Buffer.alloc(32, 7);
const HANDLERS = {
  onMember() {},
  onLeader() {},
  onUnheard() {},
  onReconnected() {},
  onNonsense() {},
  tell() {},
};

it('an agent that finds its port taken says where another one is named', async () => {
  const first = await AgentLinks.open(SECRET, null, HANDLERS);
  try {
    await assert.rejects(AgentLinks.open(SECRET, first.port, HANDLERS), {
      code: 'PORT_IN_USE',
      advice: 'End what listens there, or name another port with --rendezvous on all hosts.',
    });
  } finally {
    await first.close();
  }
});
