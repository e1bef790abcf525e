/** What readers of tables in long form share: sequences come when there are no more rows. */

import type { ImportItem } from '../../data/record.ts';
import type { TableReader } from '../table/table-reader.ts';
import type { LongForm } from './long-form.ts';

export abstract class LongFormReader<Row> implements TableReader<Row> {
  isFull = false;
  protected readonly form: LongForm;

  constructor(form: LongForm) {
    this.form = form;
  }

  abstract read(row: Row): undefined;

  async flush(): Promise<void> {
    await this.form.flush();
    this.isFull = false;
  }

  rest(): AsyncIterable<ImportItem> {
    return this.form.records();
  }

  async close(): Promise<void> {
    await this.form.close();
  }
}
