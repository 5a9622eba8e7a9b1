import { parseConfigText } from '../../config/yaml.ts';
import { guardError } from '../../contracts/index.ts';
import type { AgentId, Ms } from '../../model/index.ts';
import { parseDuration } from '../../model/index.ts';

/** One thing that is done to the world or asked of the guard, at a moment. */
export interface ScriptLine {
  readonly atMs: Ms;
  /** As written, without the moment. */
  readonly text: string;
  /** Line in the file, from 1. */
  readonly line: number;
}

/** A scenario as it stands in its file. */
export interface Script {
  /** What is promised: the first comment line. */
  readonly promise: string;
  /** Everything above the golden log, as written. */
  readonly head: string;
  readonly orchestrator: 'instances' | 'workload';
  /** Groups and how many agents each has: `web=3` makes `web.1` to `web.3`. */
  readonly groups: Readonly<Record<string, number>>;
  /** Config beside plugins and store. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly lines: readonly ScriptLine[];
  readonly endMs: Ms;
  /** The lines under the rule. */
  readonly golden: readonly string[];
}

/** The line between what is played and what came of it; it warns whoever rewrites the log. */
export const rule =
  '--- golden; rewrite with `npm run scenarios`, and commit a change only if you understand what caused it and want it';

/**
 * Reads a scenario. The file says, one to a line: `fleet [workload] web=3 db=1`, `config` with indented YAML under it,
 * `at 30s <command>`, `end 10m`; a line that begins with `#` is a comment, the first of them the promise. Under a line
 * that begins with `---` stands the golden log.
 *
 * @throws GUARD_SCENARIO_INVALID naming file, line and what is wrong; GUARD_CONFIG_SYNTAX for the YAML.
 */
export function parseScript(text: string, file = 'scenario'): Script {
  const all = text.split('\n');
  const cut = all.findIndex((line) => line.startsWith('---'));
  const body = cut === -1 ? all : all.slice(0, cut);
  const golden = cut === -1 ? [] : all.slice(cut + 1).filter((line) => line !== '');
  const reader = new Reader(file);
  body.forEach((line, at) => reader.take(line, at + 1));
  return { ...reader.done(), head: body.join('\n').trimEnd(), golden };
}

class Reader {
  readonly #file: string;
  #promise: string | undefined;
  #orchestrator: Script['orchestrator'] = 'instances';
  #groups: Record<string, number> = {};
  #config: string[] | undefined;
  readonly #yaml: string[] = [];
  readonly #lines: ScriptLine[] = [];
  #endMs: Ms | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  take(line: string, number: number): void {
    if (this.#config && (line.startsWith('  ') || line.trim() === '')) {
      this.#yaml.push(line.slice(2));
      return;
    }
    this.#config = undefined;
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === undefined || word === '') return;
    if (word.startsWith('#')) {
      this.#promise ??= line.replace(/^#\s*/, '').trim();
      return;
    }
    this.#statement(word, rest, number);
  }

  done(): Omit<Script, 'head' | 'golden'> {
    if (this.#promise === undefined) throw this.#wrong(1, 'the first line is a comment with the promise');
    if (this.#endMs === undefined) throw this.#wrong(1, 'a line `end <duration>` is missing');
    if (Object.keys(this.#groups).length === 0) throw this.#wrong(1, 'a line `fleet <group>=<agents> …` is missing');
    return {
      promise: this.#promise,
      orchestrator: this.#orchestrator,
      groups: this.#groups,
      config: this.#configOf(),
      lines: this.#lines.toSorted((a, b) => a.atMs - b.atMs),
      endMs: this.#endMs,
    };
  }

  #configOf(): Readonly<Record<string, unknown>> {
    const text = this.#yaml.join('\n');
    if (text.trim() === '') return {};
    return parseConfigText(text, this.#file).value as Record<string, unknown>;
  }

  #statement(word: string, rest: readonly string[], line: number): void {
    switch (word) {
      case 'fleet':
        return this.#fleet(rest, line);
      case 'config':
        this.#config = [];
        return;
      case 'at':
        this.#lines.push({ atMs: this.#duration(rest[0], line), text: rest.slice(1).join(' '), line });
        return;
      case 'end':
        this.#endMs = this.#duration(rest[0], line);
        return;
      default:
        throw this.#wrong(line, `found ${word}; allowed: fleet, config, at, end, # and ---`);
    }
  }

  #fleet(words: readonly string[], line: number): void {
    for (const word of words) {
      if (word === 'workload') {
        this.#orchestrator = 'workload';
        continue;
      }
      const [group, count] = word.split('=');
      const size = Number(count);
      if (!group || !Number.isInteger(size) || size < 1) throw this.#wrong(line, `found ${word}; write web=3`);
      this.#groups[group] = size;
    }
  }

  #duration(text: string | undefined, line: number): Ms {
    const parsed = parseDuration(text ?? '');
    if (parsed === undefined) throw this.#wrong(line, `${text ?? 'nothing'} is no duration; write 30s or 1m30s`);
    return parsed;
  }

  #wrong(line: number, why: string): Error {
    return guardError('GUARD_SCENARIO_INVALID', { file: this.#file, line, why });
  }
}

/** The ids of a script's agents. */
export function agentsOf({ groups }: Pick<Script, 'groups'>): readonly AgentId[] {
  return Object.entries(groups).flatMap(([group, size]) =>
    Array.from({ length: size }, (_, index) => `${group}.${index + 1}`),
  );
}
