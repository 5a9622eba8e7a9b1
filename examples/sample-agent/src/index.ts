export { type Log, SampleAgent } from './agent.ts';
export { type FaultKind, faultKinds } from './faults.ts';
export { readSettings, type Settings, SettingsError } from './settings.ts';
