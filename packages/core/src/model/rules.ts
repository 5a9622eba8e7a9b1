/** A rung on which something is done. */
type HealingRung = 'restart' | 'recreate' | 'respawn';

/**
 * A rule of the config that raises a flag or the severity. It never lowers anything, so severity stays monotone.
 * `when` is a CEL expression over the agent and its findings.
 */
export interface SeverityRule {
  readonly when: string;
  readonly set?: 'dataLossRisk' | 'securityIncident';
  /** Added to severity, at most once however many findings match. */
  readonly add?: number;
  /** The sentence people read. */
  readonly reason: string;
}

/**
 * One line of the table "use when": to which failures it applies, and what it changes. All conditions given must hold;
 * a pattern knows `*` for any run of characters.
 */
export interface UseWhenRule {
  readonly name: string;
  /** Pattern over the kind of a finding. */
  readonly kind?: string;
  /** Pattern over the signature of a finding. */
  readonly signature?: string;
  /** Pattern over a label of the agent, as `key=value`. */
  readonly label?: string;
  /** CEL expression over the agent and its findings. */
  readonly when?: string;
  /** The ladder is entered on this rung or above. */
  readonly least?: HealingRung;
  /** The ladder is entered on this gentler rung, at most one below that of the band. */
  readonly prefer?: HealingRung;
  /** A person has to approve every plan. */
  readonly approve?: boolean;
  /** Added to severity. */
  readonly add?: number;
  /** The sentence people read. */
  readonly reason: string;
}
