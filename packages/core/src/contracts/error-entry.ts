/** One error: `{name}` in the text is filled in from the details. */
export interface ErrorEntry {
  readonly text: string;
  readonly remedy: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
}
