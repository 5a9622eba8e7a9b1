import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseScript, playScenario } from '../../src/testing/index.ts';

const folder = `${import.meta.dirname}/texts`;
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));
/** `SCENARIOS=update` writes the logs anew. Commit a changed log only if you understand why it changed and want it. */
const update = process.env['SCENARIOS'] === 'update';

describe('scenarios', () => {
  it.each(files.map((file) => [parseScript(readFileSync(`${folder}/${file}`, 'utf8'), file).promise, file]))(
    '%s (%s)',
    async (_promise, file) => {
      const text = readFileSync(`${folder}/${file}`, 'utf8');
      const played = await playScenario(text, file);
      if (update) writeFileSync(`${folder}/${file}`, played.text);
      expect(played.log).toEqual(update ? played.log : played.script.golden);
    },
    30_000,
  );
});
