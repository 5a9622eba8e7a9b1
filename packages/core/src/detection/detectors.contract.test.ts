import { describe, it } from 'vitest';
import { testDetector } from '../testing/detector-suite.ts';
import { builtInDetectors } from './index.ts';

for (const [name, make] of Object.entries(builtInDetectors)) {
  describe(`the detector ${name}`, () => {
    testDetector({ describe, it }, { make });
  });
}
