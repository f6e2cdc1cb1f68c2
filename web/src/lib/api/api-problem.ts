import type { ProblemBody } from '@/wire/types';

/** A failed request, with a message for the user. `status` 0 means no response. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly reasons: { field: string; reason: string }[];

  constructor(status: number, message: string, reasons: { field: string; reason: string }[] = []) {
    super(message);
    this.name = 'ApiProblem';
    this.status = status;
    this.reasons = reasons;
  }

  /** Whether a retry can succeed: there was no response, or the hub failed. */
  get isPassing(): boolean {
    return this.status < 400 || this.status === 429 || this.status >= 500;
  }

  get isNotFound(): boolean {
    return this.status === 404;
  }
}

/** Parses a problem document; any other response becomes a generic message. */
export function problemOf(status: number, body: unknown): ApiProblem {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<ProblemBody>;
  const words = problem.detail ?? problem.title ?? `The hub answered with status ${status}.`;
  return new ApiProblem(status, words, Array.isArray(problem.errors) ? problem.errors : []);
}
