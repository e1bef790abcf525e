import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withoutComments } from '../../../../src/workflow/quickstart/without-comments.ts';

describe('source text without comments', () => {
  it('has no comments of C and none of the lines that they leave empty', () => {
    const text = '/** What\n * it does */\nlet a = 1; // one\n\n  // two\nlet b /* is */ = 2;\n';
    assert.equal(withoutComments(text, 'c'), '\nlet a = 1; \nlet b  = 2;\n');
  });

  it('has no comments of Python and no strings that document', () => {
    const text = 'def f():\n  """What it\n  does."""\n  return 1  # one\n';
    assert.equal(withoutComments(text, 'python'), 'def f():\n  return 1  \n');
  });
});
