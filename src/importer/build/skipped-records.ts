/** The records that an import skips: how many for each reason, their classes, and what to do about them. */
import { compareUtf8 } from '../../data/format/byte-order.ts';
import { NameTally, type Tally } from '../../data/info/import-report.ts';
import { type RawSkip, SKIP_REASONS, type SkipReason } from '../../data/record.ts';

/** Those of more are no classes. */
const MOST_CLASSES = 10_000;

export class SkippedRecords {
  readonly #byReason = new Map<SkipReason, NameTally>();
  readonly #classes = new Set<string>();
  #advice: string | undefined;

  add(item: RawSkip): undefined {
    const { skipped, advice, label } = item;
    let tally = this.#byReason.get(skipped);
    if (tally === undefined) {
      tally = new NameTally(compareUtf8);
      this.#byReason.set(skipped, tally);
    }
    tally.add(nameOfSkip(item));
    if (label && this.#classes.size < MOST_CLASSES) this.#classes.add(label);
    if (advice && !(this.#advice && compareUtf8(this.#advice, advice) <= 0)) {
      this.#advice = advice;
    }
  }

  get reasons(): ReadonlySet<SkipReason> {
    return new Set(this.#byReason.keys());
  }

  /** Some of them may have no other sequence. */
  get classes(): string[] {
    return [...this.#classes].sort(compareUtf8);
  }

  /** What importers say of records that they skipped; the first by name. */
  get advice(): string | undefined {
    return this.#advice;
  }

  tallies(): Partial<Record<SkipReason, Tally>> {
    const reasons = Object.keys(SKIP_REASONS) as SkipReason[];
    const found = reasons.filter((reason) => this.#byReason.has(reason));
    return Object.fromEntries(found.map((why) => [why, this.#byReason.get(why)!.finish()]));
  }

  /** Each reason with how many it skipped, and the name of one. */
  describe(): string {
    const reasons = [...this.#byReason].map(([reason, tally]) => {
      const { count, examples } = tally.finish();
      return `${count} ${SKIP_REASONS[reason]} (${examples[0]}${count > 1 ? ', …' : ''})`;
    });
    return reasons.join('; ');
  }

  /** Where nothing else is left. */
  whatToDo(): string {
    if (this.#advice !== undefined) return this.#advice;
    if (this.#byReason.has('not-integer')) {
      return 'Add --value-type float32, which keeps values that are not integers.';
    }
    if (this.#byReason.has('unknown-letter')) {
      return 'Name the letters: --alphabet iupac, --alphabet protein, or the letters themselves.';
    }
    if (this.#byReason.has('flattened')) {
      return 'Subtract a constant from the values before the import, such as the first one.';
    }
    if (this.#byReason.has('no-class')) {
      return "Put the files into a folder for each class, or say --class-by none. Tables with columns of ids and classes are read by their files: 'FOLDER/*.csv'.";
    }
    if (!this.#byReason.has('not-finite')) {
      return 'Correct the data, or widen the limits that skipped them.';
    }
    return 'Correct the data; or fill missing values in with --missing interpolate, or cut them off the end with --missing strip-tail.';
  }
}

const nameOfSkip = ({ id, detail }: RawSkip): string =>
  detail === undefined ? id : `${id} (${detail})`;
