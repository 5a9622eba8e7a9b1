import type { Finding } from '../model/index.ts';
import { evidenceKinds } from '../model/index.ts';

/**
 * Whether what stands against an agent suffices for more than a restart (R06): something proven by itself, two kinds of
 * evidence, or one and an attempt that did not heal it.
 */
export function isProven(findings: readonly Finding[], failedAttempts: number): boolean {
  if (findings.some((finding) => finding.proven)) return true;
  const kinds = evidenceKinds(findings).size;
  return kinds >= 2 || (kinds === 1 && failedAttempts > 0);
}
