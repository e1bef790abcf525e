import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lastLineOf, lastTelling } from '../../../src/launch/last-line.ts';

describe('last line of a process', () => {
  test('skips what Node prints around an uncaught error', () => {
    const output = [
      'starting',
      'file.ts:3',
      'TypeError: x is not a function',
      '    at main (file.ts:3:1)',
      '    at async run {',
      '}',
      '',
      'Node.js v20.20.2',
      '',
    ].join('\n');
    assert.equal(lastTelling(output), 'TypeError: x is not a function');
  });

  test('skips what TensorFlow prints on every start', () => {
    const noise = [
      'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
      'I0000 00:00:1795509261.165115   21967 port.cc:153] oneDNN custom operations are on.',
    ];
    assert.equal(lastTelling(['killed in its sleep', ...noise].join('\n')), 'killed in its sleep');
  });

  test('is empty for no output and for a file that is not there', () => {
    assert.equal(lastTelling('\n\n'), '');
    assert.equal(lastLineOf('/nowhere/at/all'), '');
  });
});
