import assert from 'node:assert/strict';
import { it } from 'node:test';
import { listNames } from '../../../src/core/name-list.ts';

it('a list of names is cut short, but not to spare one name', () => {
  assert.equal(listNames([]), '');
  assert.equal(listNames(['a', 'b', 'c'], 2), 'a, b, c');
  assert.equal(listNames(['a', 'b', 'c', 'd'], 2), 'a, b, … and 2 more');
  assert.equal(listNames(['a', 'b'.repeat(1000)]), `a, ${'b'.repeat(59)}…`);
});
