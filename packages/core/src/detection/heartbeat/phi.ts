/**
 * The phi-accrual failure detector (Hayashibara, Défago, Yared, Katayama 2004): φ(Δt) = −log10(P(the next heartbeat comes
 * later than Δt)), with heartbeats taken as normally distributed. φ = 5 means: one silence in 100 000 lasts this long
 * although nothing is wrong. Everything here works on z = (Δt − mean) / standard deviation, and in logarithms, so that it is
 * right also where the probability itself is too small for a number.
 */

const ln10 = Math.LN10;
/** ln √(2π), of the normal density. */
const lnRoot2Pi = 0.918_938_533_204_672_8;
/** From here on the continued fraction converges fast; below it the series loses no digits. */
const tailFrom = 2;

/** φ of a silence that lies `z` standard deviations above the mean. Grows with z, never negative. */
export function phiAt(z: number): number {
  const lnLater = z >= tailFrom ? lnTail(z) : Math.log1p(-below(z));
  return Math.max(0, -lnLater / ln10);
}

/** The z at which φ is reached: the inverse of `phiAt`, by bisection to the last digits. For φ > 0. */
export function zOfPhi(phi: number): number {
  let low = -40;
  let high = 1;
  while (phiAt(high) < phi) high *= 2;
  for (let step = 0; step < 200 && high - low > 1e-12 * Math.max(1, Math.abs(high)); step += 1) {
    const middle = (low + high) / 2;
    if (phiAt(middle) < phi) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * Logarithm of the upper tail of the normal distribution, by Laplace's continued fraction
 * Q(z) = density(z) / (z + 1/(z + 2/(z + 3/(z + …)))), evaluated from its far end.
 */
function lnTail(z: number): number {
  let fraction = z;
  for (let term = 60; term >= 1; term -= 1) fraction = z + term / fraction;
  return -0.5 * z * z - lnRoot2Pi - Math.log(fraction);
}

/** P(Z < z): one half plus density(z) · (z + z³/3 + z⁵/(3·5) + …) (Marsaglia 2004); the tail again for low z. */
function below(z: number): number {
  if (z <= -tailFrom) return Math.exp(lnTail(-z));
  let term = z;
  let sum = z;
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return 0.5 + sum * Math.exp(-0.5 * z * z - lnRoot2Pi);
}
