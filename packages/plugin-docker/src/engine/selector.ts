/** Whether labels have all that is wanted: `name`, or `name=value`. Who wants nothing gets nothing (R15). */
export function selects(select: readonly string[], labels: { readonly [name: string]: string }): boolean {
  return (
    select.length > 0 &&
    select.every((wanted) => {
      const at = wanted.indexOf('=');
      return at < 0 ? wanted in labels : labels[wanted.slice(0, at)] === wanted.slice(at + 1);
    })
  );
}
