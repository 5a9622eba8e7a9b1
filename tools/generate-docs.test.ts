/** The reference says what the code says: no more, no less, and of everything. */
import { describe, expect, it } from 'vitest';
import { errorCatalogue } from '../packages/core/src/contracts/error-catalogue.ts';
import { guardEventTypes } from '../packages/core/src/contracts/events.ts';
import { reasonCodes } from '../packages/core/src/model/reason.ts';
import { referencePages, stalePages } from './generate-docs.ts';

/** The first cell of every row of the tables of a page. */
async function listed(name: string): Promise<string[]> {
  const page = (await referencePages()).get(`docs/reference/${name}`) ?? '';
  return [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell ?? '');
}

describe('the reference', () => {
  it('is what the code gives; else run: npx tsx tools/generate-docs.ts', async () => {
    expect(await stalePages()).toEqual([]);
  });

  it('lists every error, reason and event once, and none that is gone', async () => {
    expect(await listed('errors.md')).toEqual(Object.keys(errorCatalogue));
    expect(await listed('reasons.md')).toEqual(Object.keys(reasonCodes));
    expect(await listed('events.md')).toEqual([...guardEventTypes]);
  });

  it('leaves no cell of errors, reasons and events empty', async () => {
    const pages = await referencePages();
    const empty = ['errors.md', 'reasons.md', 'events.md'].flatMap((name) =>
      (pages.get(`docs/reference/${name}`) ?? '').split('\n').filter((line) => /\|\s*\|/.test(line)),
    );
    expect(empty).toEqual([]);
  });
});
