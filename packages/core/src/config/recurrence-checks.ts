/** Rules between the values of error budgets and of flapping. */
import { formatDuration } from '../model/index.ts';
import type { Sections } from './document.ts';

type BurnRates = Sections['slo']['burn']['rates'];

const crooked = ({ slo }: Sections): BurnRates[number] | undefined =>
  slo.burn.rates.find(({ long, short }) => long <= short);

export const recurrenceRules = [
  {
    path: ['slo', 'burn', 'rates'],
    holds: (sections: Sections) => crooked(sections) === undefined,
    found: (sections: Sections) => {
      const { long = 0, short = 0 } = crooked(sections) ?? {};
      return `long ${formatDuration(long)}, short ${formatDuration(short)}`;
    },
    allowed: () => 'long above short',
    remedy: 'the short window ends an alert that the long one has raised',
  },
  {
    path: ['flapping', 'low'],
    holds: ({ flapping }: Sections) => flapping.low < flapping.high,
    found: ({ flapping }: Sections) => String(flapping.low),
    allowed: ({ flapping }: Sections) => `below ${flapping.high} (flapping.high)`,
    remedy: 'else an agent would begin and end to flap at the same moment',
  },
] as const;
