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
export type { ChannelFault, NotifierHarness, NotifierSubject } from './notifier-suite.ts';
export { sampleNotice, testNotifier } from './notifier-suite.ts';
// For assessors, strategies and anomaly models.
export { sampleAttempt, sampleCapabilities, sampleFacts, sampleFinding } from './sample-facts.ts';
export { sampleAgent, sampleFleet, samplePolicy } from './sample-fleet.ts';
export type { AssessorSubject } from './assessor-suite.ts';
export { testAssessor } from './assessor-suite.ts';
export type { StrategySubject } from './strategy-suite.ts';
export { testStrategy } from './strategy-suite.ts';
export type { AnomalyModelSubject } from './anomaly-model-suite.ts';
export { testAnomalyModel } from './anomaly-model-suite.ts';
export { FakeAnomalyModel } from './fake-anomaly-model.ts';
// For detectors and control planes.
export type { DetectorSubject } from './detector-suite.ts';
export { testDetector } from './detector-suite.ts';
export type { ControlPlaneSubject } from './control-plane-suite.ts';
export { testControlPlane } from './control-plane-suite.ts';
// For signal sources.
export type { FakeSignalSource } from './fake-signal-source.ts';
export { fakeSignalSource } from './fake-signal-source.ts';
export type { SignalSourceHarness, SignalSourceSubject } from './signal-source-suite.ts';
export { testSignalSource } from './signal-source-suite.ts';
// For plugins as a whole.
export type { PluginSamples } from './plugin-suite.ts';
export { testPlugin } from './plugin-suite.ts';
// A whole guard on the virtual clock.
export type { GuardRig, GuardRigOptions, SimulatedOrchestrator } from './guard-rig.ts';
export { createGuardRig } from './guard-rig.ts';
export type { AgentFault, InstanceSource, SimulatedFleetOptions } from './simulated-fleet.ts';
export { SimulatedFleet } from './simulated-fleet.ts';
// A whole guard through a drawn scenario, held against its promises.
export type { SimulateOptions, SimulationResult } from './simulation/simulate.ts';
export { simulate } from './simulation/simulate.ts';
export { playScenario } from './scenario/play.ts';
export type { Played } from './scenario/play.ts';
export { parseScript } from './scenario/script.ts';
export type { Script, ScriptLine } from './scenario/script.ts';
