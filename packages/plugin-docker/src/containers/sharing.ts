/** The container in whose network, processes or memory another one lives, as a mode of it says: by its id or its name. */
export function hostOf(mode: string | null | undefined): string | undefined {
  return /^container:(.+)$/.exec(mode ?? '')?.[1];
}
