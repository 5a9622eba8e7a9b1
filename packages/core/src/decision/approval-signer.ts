import { createHmac, timingSafeEqual } from 'node:crypto';
import { guardError, invariant } from '../contracts/index.ts';
import type { EpochMs, IncidentId } from '../model/index.ts';
import { canonicalJson } from '../model/index.ts';

/** What a message link carries: one answer to one plan, for a while. */
export interface ApprovalToken {
  readonly id: string;
  readonly incidentId: IncidentId;
  readonly planHash: string;
  readonly action: 'approve' | 'reject';
  readonly expiresAt: EpochMs;
  /** The person it was given to; absent: whoever holds it. */
  readonly for?: string;
}

/** What is signed; a signature of one sort never passes for another. */
type Sort = 'plan' | 'vote' | 'token';

const tokenMax = 4_096;

/** Signs approvals, votes and tokens with the guard's key: HMAC-SHA-256 over canonical JSON. */
export class ApprovalSigner {
  #key: Uint8Array | undefined;

  /** The key is read when the guard starts. */
  open(key: Uint8Array): void {
    this.#key = key;
  }

  sealPlan(plan: {
    readonly incidentId: IncidentId;
    readonly planHash: string;
    readonly quorum: number;
    readonly expiresAt: EpochMs;
    readonly orderedBy?: string;
  }): string {
    return this.#sign('plan', plan);
  }

  isPlan(plan: Parameters<ApprovalSigner['sealPlan']>[0], seal: string): boolean {
    return same(this.sealPlan(plan), seal);
  }

  sealVote(vote: { readonly planHash: string; readonly person: string }): string {
    return this.#sign('vote', vote);
  }

  isVote(vote: Parameters<ApprovalSigner['sealVote']>[0], seal: string): boolean {
    return same(this.sealVote(vote), seal);
  }

  /** A token as text, fit for a link. */
  tokenOf(token: ApprovalToken): string {
    const body = Buffer.from(canonicalJson(token)).toString('base64url');
    return `${body}.${this.#sign('token', body)}`;
  }

  /** Reads a token; the signature is checked before anything in it is believed. Error: `GUARD_APPROVAL_TOKEN`. */
  readToken(text: string, now: EpochMs): ApprovalToken {
    const [body = '', seal = '', ...rest] = text.length > tokenMax ? [] : text.split('.');
    if (rest.length > 0 || !same(this.#sign('token', body), seal))
      throw guardError('GUARD_APPROVAL_TOKEN', { why: 'it was not made by this guard, or was changed' });
    const token = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as ApprovalToken;
    if (now >= token.expiresAt)
      throw guardError('GUARD_APPROVAL_TOKEN', { why: `it expired at ${new Date(token.expiresAt).toISOString()}` });
    return token;
  }

  #sign(sort: Sort, value: unknown): string {
    invariant(this.#key, 'the key of approvals is read before anything is signed');
    return createHmac('sha256', this.#key)
      .update(`praetorian/${sort}/1\n${canonicalJson(value)}`)
      .digest('base64url');
  }
}

/** Compares in constant time. */
function same(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
