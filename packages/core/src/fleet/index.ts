/**
 * Who is in the fleet: agents by id and slot, merged from orchestrators, registrations and the config, with the one
 * instance of each that counts; and the built-in control plane, which routes work to them.
 */
export type { FleetChange } from './fleet.ts';
export { Fleet } from './fleet.ts';
export { FleetControlPlane } from './fleet-control-plane.ts';
