/**
 * One seed for every property test, so that two runs of one commit are alike. A failing property prints its seed
 * and path; `FC_SEED=<n>` repeats it or explores another part of the space.
 */
import fc from 'fast-check';

const seed = Number(process.env['FC_SEED'] ?? 20_260_101);
if (!Number.isInteger(seed)) throw new TypeError(`FC_SEED must be an integer, not "${process.env['FC_SEED']}"`);

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
