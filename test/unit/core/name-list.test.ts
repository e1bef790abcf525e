import assert from 'node:assert/strict';
import { it } from 'node:test';
import { listNames, shownName } from '../../../src/core/name-list.ts';

it('a list of names is cut short, but not to spare one name', () => {
  assert.equal(listNames([]), '');
  assert.equal(listNames(['a', 'b', 'c'], 2), 'a, b, c');
  assert.equal(listNames(['a', 'b', 'c', 'd'], 2), 'a, b, … and 2 more');
  assert.equal(listNames(['a', 'b'.repeat(1000)]), `a, ${'b'.repeat(59)}…`);
});

it('a name is shown on one line, and moves no cursor', () => {
  assert.equal(shownName('日本\r\n語'), '日本 語');
  assert.equal(shownName('\u001b[2Jred'), '\\x1b[2Jred');
  assert.equal(shownName('x'.repeat(1e6), 5), 'xxxx…');
});
