import type { CommandSpec, OptionSpec } from './command.ts';

const config: OptionSpec = { flags: '--config <file>', text: 'config file', default: 'praetorian.yaml' };
const json: OptionSpec = { flags: '--json', text: 'print JSON instead of text' };
const note: OptionSpec = { flags: '--note <text>', text: 'why; kept on the record' };
/** The default of `--url` stands in `remote.ts`, because `PRAETORIAN_URL` comes before it. */
const remote: readonly OptionSpec[] = [
  { flags: '--url <address>', text: 'address of the guard; else PRAETORIAN_URL [http://127.0.0.1:7717]' },
  { flags: '--token <token>', text: 'bearer token; else PRAETORIAN_TOKEN' },
  json,
];

const answer: readonly OptionSpec[] = [
  { flags: '--plan-hash <hash>', text: 'answer only this plan; refused when another waits' },
  { flags: '--approval-token <token>', text: 'the token of a message' },
];

const incident = { usage: '<incident>', text: 'id of the incident: inc_…' };

const guard: readonly CommandSpec[] = [
  {
    name: 'start',
    args: [],
    text: 'Run a guard until it is interrupted.',
    options: [
      config,
      {
        flags: '--log-level <level>',
        text: 'least level that is logged [warn; info with --log-format json]',
        choices: ['debug', 'info', 'warn', 'error'],
      },
      {
        flags: '--log-format <format>',
        text: 'pretty: for people; json: one object a line',
        choices: ['pretty', 'json'],
        default: 'pretty',
      },
      { flags: '--json', text: 'the same as --log-format json' },
    ],
    heading: 'Guard',
    load: async () => import('./commands/start.ts'),
  },
  {
    name: 'check',
    args: [],
    text: 'Validate the config and its plugins; nothing is started.',
    options: [config, json],
    heading: 'Guard',
    load: async () => import('./commands/check.ts'),
  },
  {
    name: 'schema',
    args: [],
    text: 'Print the JSON Schema of the config, the plugins it names included.',
    options: [config, { flags: '--json', text: 'accepted; the schema is JSON in any case' }],
    heading: 'Guard',
    load: async () => import('./commands/schema.ts'),
  },
  {
    name: 'plugins',
    args: [],
    text: 'List the plugins the config names, and what each contributes.',
    options: [config, json],
    heading: 'Guard',
    load: async () => import('./commands/plugins.ts'),
  },
];

const look: readonly CommandSpec[] = [
  {
    name: 'status',
    args: [],
    text: 'How the guard itself fares.',
    options: remote,
    heading: 'Look at a running guard',
    load: async () => import('./commands/status.ts'),
  },
  {
    name: 'agents',
    args: [{ usage: '[agent]', text: 'show this one in full' }],
    text: 'List the agents, or show one.',
    options: [
      { flags: '--group <name>', text: 'only of this group' },
      {
        flags: '--health <health>',
        text: 'only in this health',
        choices: ['unknown', 'healthy', 'degraded', 'failed'],
      },
      ...remote,
    ],
    heading: 'Look at a running guard',
    load: async () => import('./commands/agents.ts'),
  },
  {
    name: 'incidents',
    args: [{ usage: '[incident]', text: 'show this incident or storm in full' }],
    text: 'List the storms under way and the incidents, newest first, or show one.',
    options: [
      { flags: '--agent <id>', text: 'only of this agent' },
      {
        flags: '--state <state>',
        text: 'only in this state',
        choices: ['unresolved', 'open', 'acting', 'watching', 'awaiting-approval', 'held', 'escalated', 'resolved'],
      },
      { flags: '--limit <count>', text: 'at most this many', default: '50' },
      ...remote,
    ],
    heading: 'Look at a running guard',
    load: async () => import('./commands/incidents.ts'),
  },
  {
    name: 'explain',
    args: [{ usage: '<incident|agent>', text: 'id of an incident or of an agent' }],
    text: 'Why the guard acted, or did not, and what would change that.',
    options: remote,
    heading: 'Look at a running guard',
    load: async () => import('./commands/explain.ts'),
  },
  {
    name: 'audit',
    args: [{ usage: '[verify]', text: 'check that nothing of it was changed, removed or moved' }],
    text: 'Who did what: list the audit log, or verify it.',
    options: [
      { flags: '--limit <count>', text: 'at most this many', default: '50' },
      { flags: '--anchors <ends>', text: 'ends noted earlier, chain@seq:hash separated by commas' },
      { flags: '--config <file>', text: 'read the store of a guard that does not run, instead of asking one' },
      ...remote,
    ],
    heading: 'Look at a running guard',
    load: async () => import('./commands/audit.ts'),
  },
  {
    name: 'holds',
    args: [],
    text: 'List the holds in force.',
    options: remote,
    heading: 'Look at a running guard',
    load: async () => import('./commands/holds.ts'),
  },
];

const decide: readonly CommandSpec[] = [
  {
    name: 'acknowledge',
    args: [incident],
    text: 'Take note of an incident.',
    options: [note, ...remote],
    heading: 'Decide',
    load: async () => decision('acknowledge'),
  },
  {
    name: 'approve',
    args: [incident],
    text: 'Approve the plan of an incident.',
    options: [note, ...answer, ...remote],
    heading: 'Decide',
    load: async () => decision('approve'),
  },
  {
    name: 'reject',
    args: [incident],
    text: 'Reject the plan of an incident.',
    options: [note, ...answer, ...remote],
    heading: 'Decide',
    load: async () => decision('reject'),
  },
  {
    name: 'resolve',
    args: [incident],
    text: 'Close an incident by hand.',
    options: [note, ...remote],
    heading: 'Decide',
    load: async () => decision('resolve'),
  },
  {
    name: 'hold',
    args: [{ usage: '<scope>', text: 'fleet, group:NAME or agent:ID' }],
    text: 'Leave agents alone for a while.',
    options: [
      { flags: '--for <duration>', text: 'how long, as 30m or 2h; at most 30d', required: true },
      { flags: '--reason <text>', text: 'why; kept on the record', required: true },
      { flags: '--maintenance', text: 'also page nobody' },
      ...remote,
    ],
    heading: 'Decide',
    load: async () => import('./commands/hold.ts'),
  },
  {
    name: 'release',
    args: [{ usage: '<hold>', text: 'id of the hold' }],
    text: 'End a hold before its time.',
    options: [note, ...remote],
    heading: 'Decide',
    load: async () => import('./commands/release.ts'),
  },
  {
    name: 'respawn',
    args: [{ usage: '<agent>', text: 'id of the agent' }],
    text: 'Replace an agent by a new instance; passes the gate like any other action.',
    options: [
      { flags: '--restore-state', text: 'give the new instance the latest checkpoint' },
      { flags: '--config-override <json>', text: 'settings of the new instance, as {"memoryLimit":2147483648}' },
      note,
      ...remote,
    ],
    heading: 'Decide',
    load: async () => import('./commands/respawn.ts'),
  },
];

async function decision(verb: 'acknowledge' | 'approve' | 'reject' | 'resolve') {
  const { decisionCommand } = await import('./commands/decision.ts');
  return decisionCommand(verb);
}

const lookBack: readonly CommandSpec[] = [
  {
    name: 'replay',
    args: [{ usage: '<record>', text: 'file of a record, or the folder: its last life' }],
    text: 'Run a record again and show what would be decided otherwise; nothing real is touched.',
    options: [
      { flags: '--config <file>', text: 'decide by this config instead of the one that was recorded' },
      { flags: '--following', text: 'read the files of the same life that follow the one named, too' },
      { flags: '--exact', text: 'count a line that differs in its time or figures as different, too' },
      json,
    ],
    heading: 'Look back',
    load: async () => import('./commands/replay.ts'),
  },
];

/** Every verb of `praetorian`. Verbs are added, never renamed. */
export const commands: readonly CommandSpec[] = [...guard, ...look, ...decide, ...lookBack];
