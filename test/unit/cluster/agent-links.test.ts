import assert from 'node:assert/strict';
import { it } from 'node:test';
import { AgentLinks } from '../../../src/cluster/agent-links.ts';
import { DEAF } from '../../helper/agents.ts';

const SECRET = Buffer.alloc(32, 7);

it('an agent that finds its port taken says where another one is named', async () => {
  const first = await AgentLinks.open(SECRET, null, DEAF);
  try {
    await assert.rejects(AgentLinks.open(SECRET, first.port, DEAF), {
      code: 'PORT_IN_USE',
      advice: 'End what listens there, or name another port with --rendezvous on all hosts.',
    });
  } finally {
    await first.close();
  }
});
