/** What `praetorian` says to the shell. Scripts rely on these numbers: they are added to, never changed. */
export const exitCode = {
  ok: 0,
  /** It was asked and did not succeed, or the guard could not start. */
  failed: 1,
  /** Wrong usage, or a config that is not valid. */
  usage: 2,
  /** No guard answers at the address. */
  unreachable: 3,
  /** Ended by a second interrupt, without waiting for a clean stop. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
