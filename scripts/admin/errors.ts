/** What was asked for makes no sense; one sentence for whoever did. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The server answered with an error, or did not answer. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
}
