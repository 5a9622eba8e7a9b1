/**
 * A map that shows rooms which do not exist is worse than none: every path in ARCHITECTURE.md must exist.
 */
import type { Repository, Violation } from './repository.ts';

const map = 'ARCHITECTURE.md';

export function docRules(repository: Repository): Violation[] {
  const text = repository.text(map);
  if (text === undefined) return [];
  const named = new Set([...text.matchAll(/`([^`\s]+)`/g)].map((match) => match[1] ?? '').filter(isPath));
  return [...named]
    .filter((path) => !candidates(path).some((candidate) => repository.exists(candidate)))
    .map((path) => ({
      rule: 'architecture-paths-exist',
      file: map,
      message: `Every path named in ${map} exists; \`${path}\` does not. Correct the map or create the file.`,
    }));
}

/** A path has a slash and looks like one: no scope, no glob, no address, no route, no placeholder. */
function isPath(text: string): boolean {
  if (!text.includes('/') || /^(@|\/|https?:|\$)/.test(text) || /[*{}<>()|=,:…]/.test(text)) return false;
  const first = text.split('/')[0] ?? '';
  return ['packages', 'examples', 'docs', 'tools', 'bench', '.ci', 'src'].includes(first) || isCoreRoom(text);
}

/** The map may name a room of core without its full path: `model/`, `runtime/clock.ts`. */
function isCoreRoom(text: string): boolean {
  return /^[a-z][a-z-]*\/([a-z][a-z-]*\/)*([a-z][a-z0-9-]*\.ts)?$/.test(text);
}

function candidates(path: string): string[] {
  const bare = path.replace(/#.*$/, '').replace(/\/$/, '');
  return [bare, `packages/core/${bare}`, `packages/core/src/${bare}`, `packages/${bare}`];
}
