import { symbolsOf } from '../data/facts.ts';
import type { Store } from '../data/format/store.ts';
import type { BaselineFamily } from './family.ts';
import { realBaselines } from './real-baselines.ts';
import { symbolBaselines } from './symbol-baselines.ts';

/** More symbols than this may as well be measurements. */
export const FEW_SYMBOLS = 64;

/** The baselines that suit the values of a dataset. */
export function familyOf(store: Pick<Store, 'manifest' | 'index'>): BaselineFamily {
  const symbols = symbolsOf(store);
  if (symbols === 0) return realBaselines(store);
  if (symbols <= FEW_SYMBOLS || store.manifest.target.kind === 'timestep-class') {
    return symbolBaselines(store);
  }
  return both(symbolBaselines(store), realBaselines(store));
}

function both(a: BaselineFamily, b: BaselineFamily): BaselineFamily {
  return {
    read(values, isTrainable) {
      a.read(values, isTrainable);
      b.read(values, isTrainable);
    },
    make(examples, target) {
      const [first, second] = [a.make(examples, target), b.make(examples, target)];
      return {
        baselines: [...first.baselines, ...second.baselines],
        leftOut: [...first.leftOut, ...second.leftOut],
      };
    },
  };
}
