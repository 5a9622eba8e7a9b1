import assert from 'node:assert/strict';
import type { IncidentFacts, Strategy } from '../contracts/index.ts';
import type { Assessment, Attempt, Capability, Decision, Plan, Rung } from '../model/index.ts';
import { capabilityFor, rungs } from '../model/index.ts';
import { assertPure } from './purity.ts';
import type { Runner } from './runner.ts';
import { sampleAttempt, sampleCapabilities, sampleFacts } from './sample-facts.ts';

export interface StrategySubject {
  make(): Strategy;
}

/** One question to a strategy. */
interface Ask {
  readonly facts: IncidentFacts;
  readonly assessment: Assessment;
  readonly can: readonly Capability[];
}

/** The promises of `Strategy`. */
export function testStrategy(runner: Runner, subject: StrategySubject): void {
  const questions = variety();
  const decide = (strategy: Strategy, { facts, assessment, can }: Ask): Decision<Plan> =>
    strategy.propose(facts, assessment, can);
  const eachPlan = (check: (plan: Plan, ask: Ask) => void): void => {
    const strategy = subject.make();
    for (const ask of questions) {
      const decision = decide(strategy, ask);
      if (decision.act) check(decision.value, ask);
    }
  };

  runner.describe('Strategy', () => {
    runner.it('is pure: the same facts give the same plan, and the facts stay as they are', async () => {
      const strategy = subject.make();
      assertPure((ask) => decide(strategy, ask), questions);
    });

    runner.it('gives a reason with a code and a sentence, acting or not', async () => {
      const strategy = subject.make();
      for (const ask of questions) {
        const { reason } = decide(strategy, ask);
        assert.match(reason.code, /^[a-z0-9-]+(\/[a-z0-9-]+)?$/, `the reason for ${about(ask)}`);
        assert.notEqual(reason.text.trim(), '', `the reason for ${about(ask)} says nothing`);
      }
    });

    runner.it('proposes something for a failed agent when everything can be done', async () => {
      assert.ok(decide(subject.make(), asking(2, [], sampleCapabilities)).act);
    });

    runner.it('proposes only what the orchestrator can do, and abstains when it can do nothing', async () => {
      eachPlan((plan, ask) => {
        if (plan.rung !== 'escalate') assert.ok(capabilityFor(ask.can, plan.rung), `${plan.rung} for ${about(ask)}`);
        assert.ok(ask.can.length > 0, 'there is nothing to propose to an orchestrator that can do nothing');
      });
    });

    runner.it('only climbs within an incident', async () => {
      eachPlan((plan, ask) => {
        const tried = ask.facts.attempts.map((attempt) => rungs.indexOf(attempt.plan.rung));
        assert.ok(rungs.indexOf(plan.rung) > Math.max(-1, ...tried), `${plan.rung} for ${about(ask)}`);
      });
    });

    runner.it('says which rungs it passed over, and passes over none that could be tried', async () => {
      eachPlan((plan, ask) => {
        for (const rung of plan.skipped) {
          assert.ok(rungs.indexOf(rung) < rungs.indexOf(plan.rung), `${rung} lies above ${plan.rung}`);
          assert.ok(rung === 'escalate' || !capabilityFor(ask.can, rung), `${rung} could be tried for ${about(ask)}`);
        }
      });
    });

    runner.it('asks a person before anything is done in band critical', async () => {
      eachPlan((plan, ask) => {
        if (ask.assessment.severity >= 9)
          assert.ok(plan.needsApproval, `${plan.rung} without approval for ${about(ask)}`);
      });
    });

    runner.it('gives every plan a time limit, a grace and a recommendation', async () => {
      eachPlan((plan, ask) => {
        assert.ok(
          Number.isFinite(plan.timeoutMs) && plan.timeoutMs > 0,
          `time limit ${plan.timeoutMs} for ${about(ask)}`,
        );
        assert.ok(Number.isFinite(plan.graceMs) && plan.graceMs >= 0, `grace ${plan.graceMs} for ${about(ask)}`);
        assert.notEqual(plan.recommendedAction, '');
      });
    });
  });
}

function asking(severity: number, attempts: readonly Attempt[], can: readonly Capability[]): Ask {
  const assessment: Assessment = {
    severity,
    factors: [{ name: 'sample', share: severity, text: 'a sample' }],
    dataLossRisk: false,
    securityIncident: false,
    signature: 'sample',
  };
  return { facts: sampleFacts({ attempts, severityAtLeast: attempts.length > 0 ? severity : 1 }), assessment, can };
}

/** Every severity with every history of attempts and every set of rungs an orchestrator may have. */
function variety(): readonly Ask[] {
  const histories: readonly (readonly Rung[])[] = [
    [],
    ['restart'],
    ['restart', 'recreate'],
    ['recreate'],
    ['restart', 'recreate', 'respawn'],
  ];
  const rungActions = ['restart', 'recreate', 'respawn'] as const;
  const subsets = Array.from({ length: 8 }, (_, bits) =>
    sampleCapabilities.filter(({ action }) => rungActions.some((rung, at) => rung === action && (bits >> at) & 1)),
  );
  const all: Ask[] = [];
  for (let severity = 1; severity <= 10; severity += 1) {
    for (const history of histories) {
      const attempts = history.map((rung, at) => sampleAttempt(rung, { number: at + 1 }));
      for (const can of [...subsets, sampleCapabilities]) all.push(asking(severity, attempts, can));
    }
  }
  return all;
}

function about({ facts, assessment, can }: Ask): string {
  const tried = facts.attempts.map((attempt) => attempt.plan.rung);
  return JSON.stringify({ severity: assessment.severity, tried, can: can.map((capability) => capability.action) });
}
