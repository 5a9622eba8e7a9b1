/** What the work gives, or what `otherwise` gives when the signal aborts first. The work goes on. */
export async function unlessAborted<T>(work: PromiseLike<T> | T, signal: AbortSignal, otherwise: () => T): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<T>((resolve) => {
    onAbort = () => resolve(otherwise());
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
