import type { SeverityRule, UseWhenRule } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';
import { faultOf } from '../runtime/expression.ts';
import type { PathPart } from '../runtime/json-schema.ts';
import type { ConfigDocument, PartialSections } from './document.ts';
import type { Found } from './problem.ts';

type Path = readonly PathPart[];

/** What is wrong with the rules that users write: each expression is parsed and its types are checked here, once. */
export function ruleChecks(document: ConfigDocument): Found[] {
  const levels: readonly (readonly [Path, PartialSections])[] = [
    [[], document],
    ...Object.entries(document.groups).map(([name, group]) => [['groups', name], group] as const),
    ...Object.entries(document.agents).map(([id, agent]) => [['agents', id], agent] as const),
  ];
  return levels.flatMap(([path, { severity, ladder }]) => [
    ...(severity?.rules ?? []).flatMap((rule, at) => severityRule([...path, 'severity', 'rules', at], rule)),
    ...useWhenRules([...path, 'ladder', 'useWhen'], ladder?.useWhen ?? []),
    ...paces([...path, 'ladder'], ladder ?? {}),
  ]);
}

function severityRule(path: Path, rule: SeverityRule): Found[] {
  const changes = rule.set !== undefined || rule.add !== undefined;
  return [
    ...expression([...path, 'when'], rule.when),
    ...(changes ? [] : [nothing(path, 'set, add, or both', 'a rule that changes nothing is a mistake')]),
  ];
}

function useWhenRules(path: Path, rules: readonly UseWhenRule[]): Found[] {
  const names = rules.map((rule) => rule.name);
  const twice = names.flatMap((name, at) =>
    names.indexOf(name) === at
      ? []
      : [{ path: [...path, at, 'name'], found: name, allowed: 'each name once', remedy: 'give it another name' }],
  );
  return [...twice, ...rules.flatMap((rule, at) => useWhenRule([...path, at], rule))];
}

function useWhenRule(path: Path, rule: UseWhenRule): Found[] {
  const { kind, signature, label, when, least, prefer, approve, add } = rule;
  const found = when === undefined ? [] : expression([...path, 'when'], when);
  if ([kind, signature, label, when].every((one) => one === undefined))
    found.push(nothing(path, 'kind, signature, label or when', 'say to which failures the line applies'));
  if (least === undefined && prefer === undefined && add === undefined && approve !== true)
    found.push(nothing(path, 'least, prefer, approve or add', 'say what the line changes'));
  if (least !== undefined && prefer !== undefined)
    found.push({
      path: [...path, 'prefer'],
      found: `prefer: ${prefer} beside least: ${least}`,
      allowed: 'one of the two',
      remedy: 'least leads to a stronger rung, prefer to a gentler one',
    });
  return found;
}

function nothing(path: Path, allowed: string, remedy: string): Found {
  return { path, found: 'none of them', allowed, remedy };
}

function expression(path: Path, text: string): Found[] {
  const fault = faultOf(text);
  if (!fault) return [];
  return [
    {
      path,
      found: JSON.stringify(text.slice(0, 200)),
      allowed: `an expression that can be evaluated; ${fault.why}`,
      remedy: fault.remedy,
    },
  ];
}

function paces(path: Path, ladder: NonNullable<PartialSections['ladder']>): Found[] {
  return (['restart', 'recreate', 'respawn'] as const).flatMap((name) => {
    const { base, cap } = ladder[name]?.backoff ?? {};
    if (base === undefined || cap === undefined || base <= cap) return [];
    return [
      {
        path: [...path, name, 'backoff', 'base'],
        found: formatDuration(base),
        allowed: `at most backoff.cap (${formatDuration(cap)})`,
        remedy: 'the pause grows from the one to the other',
      },
    ];
  });
}
