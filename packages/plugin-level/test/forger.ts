import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';

/**
 * Rewrites entries of streams as somebody would who has the files of a store whose guard does not run: every checksum of
 * the database holds afterwards.
 * @returns how many entries were changed
 */
export async function forge(storePath: string, stream: RegExp, change: (text: string) => string): Promise<number> {
  const db = new ClassicLevel(join(storePath, 'level'), { createIfMissing: false });
  let changed = 0;
  try {
    for (const [key, text] of await db.iterator({ gte: 's/', lt: 's0' }).all()) {
      const forged = stream.test(key) ? change(text) : text;
      if (forged === text) continue;
      await db.put(key, forged, { sync: true });
      changed += 1;
    }
  } finally {
    await db.close();
  }
  return changed;
}
