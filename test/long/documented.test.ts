/** The worked examples of the documentation of data and of tasks do what they say. */
import { after, describe, it } from 'node:test';
import { Reader } from '../helper/documentation.ts';

describe('the commands of', () => {
  const reader = new Reader();
  after(() => reader.close());
  for (const page of ['docs/data.md', 'docs/tasks.md']) {
    it(`${page} run, one after the other`, () => reader.run(page));
  }
});
