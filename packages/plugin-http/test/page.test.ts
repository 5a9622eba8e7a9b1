import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { createRig } from './fixture.ts';
import { drawing, FakeNode } from './page-nodes.ts';

const folder = join(import.meta.dirname, '../public');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));

describe('the page', () => {
  test('is served with a policy that runs nothing but its own files', async () => {
    const { app } = await createRig();
    const response = await app.inject({ url: '/' });
    expect(response.headers['content-security-policy']).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
    );
    expect(response.headers['content-security-policy']).not.toContain('unsafe');
    expect(response.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    });
  });

  test('finds every file it names, and serves every file there is', async () => {
    const { app } = await createRig();
    const named = [...read('index.html').matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path as string);
    expect(named).toEqual(['/app.css', '/app.js']);
    for (const name of readdirSync(folder)) {
      const response = await app.inject({ url: name === 'index.html' ? '/' : `/${name}` });
      expect([name, response.statusCode, response.payload]).toEqual([name, 200, read(name)]);
    }
  });

  test('has no script, style or handler inside the markup and asks nobody else', () => {
    const html = read('index.html');
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/i);
    for (const text of [html, read('app.css'), ...scripts.map(read)]) expect(text).not.toMatch(/https?:\/\//);
  });

  test.each(scripts)('never makes markup or code out of text: %s', (name) => {
    expect(read(name)).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|javascript:|createContextualFragment|DOMParser/,
    );
  });
});

describe('what an agent says of itself', () => {
  const hostile = '"><img src=x onerror=alert(1)><script>alert(2)</script>';
  const reason = { code: hostile, text: hostile, remedy: hostile };
  const why = {
    summary: hostile,
    rules: [
      { rule: hostile, verdict: 'wait', untilMs: 8e15, reason },
      { rule: hostile, verdict: hostile, reason },
      { rule: hostile, verdict: 'proceed', reason },
    ],
    seen: [hostile],
    wouldChange: [hostile],
    incident: { state: 'open' },
    timeline: [{ seq: 1, at: 1, state: hostile, reason }],
  };
  const act = {
    can: true,
    isOpen: () => true,
    isUnfolded: () => true,
    explanation: () => why,
  };
  const finding = { detector: hostile, evidence: hostile, text: hostile, since: 1, kind: hostile };
  const burn = { alert: hostile, factor: 1, longMs: 1, shortMs: 1, long: 1, short: 1 };
  const agent = {
    agent: { id: hostile, group: hostile, labels: { [hostile]: hostile }, role: hostile, criticality: 0 },
    health: hostile,
    breaker: hostile,
    mode: hostile,
    score: { score: null, terms: [{ name: hostile, weight: 0.3, input: 1, value: 1 }] },
    slo: {
      windowMs: 1,
      objectives: [
        { objective: hostile, good: 1, overMs: 1, target: 1, budgetLeft: 0.5, burn: [{ ...burn, raised: true }] },
      ],
      measured: { overMs: 1, p95Ms: 1, p99Ms: 1, samples: 1, error: 0.01 },
    },
    remarks: [{ code: hostile, text: hostile, remedy: hostile }],
    metrics: {},
    findings: [finding],
    missed: 0,
    failures: 0,
    heldBy: hostile,
    hold: { scope: { kind: 'group', group: hostile } },
    incidentId: hostile,
  };
  const incident = {
    id: hostile,
    agentId: hostile,
    group: hostile,
    state: hostile,
    openedAt: 1,
    because: reason,
    findings: [finding],
    assessment: { severity: 5, factors: [{ name: hostile, share: 1, text: hostile }] },
    acknowledged: { by: hostile },
    attempts: [{ plan: { rung: hostile } }],
  };
  const approval = {
    plan: {
      rung: hostile,
      mode: hostile,
      override: { image: hostile, command: [hostile], env: { [hostile]: hostile } },
    },
    reason,
    steps: [{ id: hostile }],
    quorum: 2,
    votes: [{ by: hostile, at: 1, note: hostile }],
    orderedBy: hostile,
    prepared: { ok: false, text: hostile },
    reminded: { count: 1, at: 1, tier: 2 },
    expiresAt: 1,
    planHash: hostile,
  };
  const storm = {
    id: hostile,
    cause: hostile,
    groups: [hostile],
    members: [hostile],
    memberCount: 2,
    reason,
    breaker: { state: hostile },
    dependency: hostile,
    openedAt: 1,
    timeline: [{ at: 1, text: hostile }],
  };
  const doubt = { multiplier: 1, reasons: [hostile], canaries: [{ url: hostile, reached: false, why: hostile }] };
  const hold = { id: hostile, scope: { kind: 'group', group: hostile }, reason: hostile, by: hostile, until: 1 };

  test('stays text in every place it is shown', async () => {
    const view = await drawing('view.js');
    const judgement = await drawing('judgement.js');
    const drawn = [
      view('drawRow', agent, act),
      view('drawRow', { ...agent, levels: true, why }, act),
      view('drawGroup', { name: hostile, members: [agent], line: hostile }, act),
      view('drawIncident', incident, act),
      view('drawIncident', { ...incident, state: 'awaiting-approval', approval }, act),
      judgement('drawStorm', { storm, incidents: 1 }, act),
      ...(judgement('doubtNotice', { doubt }) as FakeNode[]),
      view('drawHold', hold, act),
    ] as FakeNode[];
    for (const root of drawn) {
      expect(root.text).toContain(hostile);
      for (const node of root.all()) {
        expect(node.tag).toMatch(/^[a-z][a-z0-9]*$/);
        expect(['script', 'img', 'iframe', 'a', 'style', 'link']).not.toContain(node.tag);
        for (const name of node.attributes.keys())
          expect(name).toMatch(
            /^(data-|aria-)|^(class|id|type|title|scope|datetime|open|tabindex|colspan|min|max|value)$/,
          );
      }
    }
  });

  test('cannot name an attribute', async () => {
    vi.stubGlobal('document', { createElement: (tag: string) => new FakeNode(tag) });
    const path = '../public/dom.js';
    const { h } = (await import(path)) as { h: (tag: string, props: object) => FakeNode };
    for (const name of ['onerror', 'src', 'href', 'style', 'formaction'])
      expect(() => h('p', { [name]: 'x' })).toThrow(TypeError);
  });
});

test('a person who votes twice, or who ordered the plan, is one person', async () => {
  const path = '../public/judgement.js';
  const { agreedOf } = (await import(path)) as { agreedOf: (approval: object) => number };
  const votes = [{ by: 'Ana' }, { by: 'ana via ops', account: 'ana' }, { by: 'Ben' }];
  expect(agreedOf({ votes, orderedBy: 'ben' })).toBe(2);
  expect(agreedOf({ votes: [] })).toBe(0);
});

test('who works with the keyboard stays where they are, even when a drawing takes the focused part out for a moment', async () => {
  const path = '../public/dom.js';
  const { sync } = (await import(path)) as { sync: (place: object, items: unknown[], how: object) => void };
  const focused: string[] = [];
  const held = { dataset: { focus: 'score' }, focus: () => focused.push('score') };
  const page: { activeElement: object | null } = { activeElement: held };
  vi.stubGlobal('document', page);
  const place = {
    firstChild: null,
    contains: (node: object | null) => node === held,
    insertBefore: () => undefined,
    querySelectorAll: () => [held],
  };
  sync(place, [{ id: 'web' }], {
    keyOf: ({ id }: { id: string }) => id,
    draw: () => ((page.activeElement = null), {}),
  });
  expect(focused).toEqual(['score']);
});

test('a person who has to agree reads what would be done: a failover is not called the rung it has none of', async () => {
  const path = '../public/judgement.js';
  const { doing, how } = (await import(path)) as { [name: string]: (plan: object) => string };
  const failover = { rung: 'escalate', contain: { for: 'failover' }, promotion: { to: 'db.2', epoch: 3 } };
  expect(`${doing?.(failover)}${how?.(failover)}`).toBe('failover (db.2 leads from then on, in epoch 3)');
  expect(doing?.({ rung: 'escalate', contain: { for: 'security' } })).toBe('isolate');
  expect(doing?.({ rung: 'escalate', contain: { for: 'return' } })).toBe('reinstate');
  expect(doing?.({ rung: 'recreate', contain: { for: 'return' } })).toBe('recreate');
  expect(`${doing?.({ rung: 'restart' })}${how?.({ rung: 'restart' })}`).toBe('restart (without its state)');
});
