/**
 * The test runner a suite is given: vitest, node:test, jest and others fit. The kit imposes none and asserts with
 * `node:assert`.
 */
export interface Runner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}
