/** What readers of tables in long form share: sequences come when there are no more rows. */
import type { LongForm } from './long-form.ts';
import type { ImportItem } from './record.ts';
import type { TableReader } from './table-reader.ts';

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
