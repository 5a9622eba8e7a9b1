/**
 * The test kit: a clock that moves when told, a rig of deterministic parts, and a conformance suite per contract.
 * Works with any test runner.
 */
export type { AdvanceOptions, VirtualClock, VirtualClockOptions } from './virtual-clock.ts';
export { createVirtualClock } from './virtual-clock.ts';
// For subjects with real processes or sockets, in `*.int.test.ts` and contract tests.
export { systemClock } from '../runtime/system-clock.ts';
export type { LogEntry, RecordingLogger, Rig, RigOptions } from './rig.ts';
export { createRig, recordingLogger } from './rig.ts';
export type { Runner } from './runner.ts';
export type { StateStoreSubject } from './state-store-suite.ts';
export { testStateStore } from './state-store-suite.ts';
export type { LeasesSubject } from './leases-suite.ts';
export { testLeases } from './leases-suite.ts';
// For surfaces.
export type { FakeCall, FakeGuardOptions, IncidentPatch } from './fake-guard.ts';
export { FakeGuard } from './fake-guard.ts';
export { openIncident } from './fake-fleet.ts';
export type { SurfaceSubject } from './surface-suite.ts';
export { testSurface } from './surface-suite.ts';
export type { FakeDelivery, FakeNotifierOptions } from './fake-notifier.ts';
export { FakeNotifier } from './fake-notifier.ts';
export type { OrchestratorUnderTest } from './orchestrator-bench.ts';
export type { OrchestratorSubject } from './orchestrator-suite.ts';
export { testOrchestrator } from './orchestrator-suite.ts';
export type { Executed } from './fake-executions.ts';
export type { FakeAgent, FakeInventory } from './fake-inventory.ts';
export type { FakeOrchestratorOptions, OrchestratorMethod } from './fake-orchestrator.ts';
export { FakeOrchestrator } from './fake-orchestrator.ts';
export type { FakeWorkloadOptions } from './fake-workload-orchestrator.ts';
export { FakeWorkloadOrchestrator } from './fake-workload-orchestrator.ts';
