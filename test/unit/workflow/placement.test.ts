import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MOST_WORKERS } from '../../../src/protocol/messages.ts';
import { elasticityOf } from '../../../src/workflow/placement.ts';

describe('what a run bears', () => {
  it('is refused for more workers on all hosts than a generation can have', () => {
    assert.equal(elasticityOf({}, MOST_WORKERS).minWorkers, 1);
    assert.throws(() => elasticityOf({}, MOST_WORKERS + 1, (option) => `--${option}`), {
      code: 'USAGE',
      message: 'Cannot use --workers 4097: it must be at most 4096 in all.',
    });
  });

  it('is refused where more workers must be left than there are', () => {
    assert.throws(() => elasticityOf({ minWorkers: 3 }, 2), { code: 'USAGE' });
  });
});
