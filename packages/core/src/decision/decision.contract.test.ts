import { describe, it } from 'vitest';
import { testAssessor } from '../testing/assessor-suite.ts';
import { testStrategy } from '../testing/strategy-suite.ts';
import { ladderStrategy } from './ladder-strategy.ts';
import { threatAssessor } from './threat-assessor.ts';

describe('assessor threat', () => {
  testAssessor({ describe, it }, { make: () => threatAssessor });
});

describe('strategy ladder', () => {
  testStrategy({ describe, it }, { make: () => ladderStrategy });
});
