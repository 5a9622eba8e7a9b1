/**
 * Counts the tests of vitest's JSON reports: `count.mjs [--closing] <report>...`. Without `--closing` it prints a
 * sentence; with it, one line `N passed, N failed` alone, which is what a reader of the log looks for.
 */
import { existsSync, readFileSync } from 'node:fs';

const files = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const total = { passed: 0, failed: 0, skipped: 0 };

for (const file of files.filter((name) => existsSync(name))) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  total.passed += report.numPassedTests;
  // A file that could not even be loaded has no tests to count; it still is a failure.
  const unloadable = report.testResults.filter((one) => one.status === 'failed' && one.assertionResults.length === 0);
  total.failed += report.numFailedTests + unloadable.length;
  total.skipped += report.numPendingTests + report.numTodoTests;
}

if (process.argv.includes('--closing')) {
  if (files.some((name) => existsSync(name))) console.log(`${total.passed} passed, ${total.failed} failed`);
} else {
  console.log(`tests: passed ${total.passed}; failed ${total.failed}; skipped ${total.skipped}`);
}
