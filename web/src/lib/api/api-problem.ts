import type { ProblemBody } from '@/wire/types';

/** An answer that is none, in words for the person who asked. `status` 0 means that nobody answered. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly reasons: { field: string; reason: string }[];

  constructor(status: number, message: string, reasons: { field: string; reason: string }[] = []) {
    super(message);
    this.name = 'ApiProblem';
    this.status = status;
    this.reasons = reasons;
  }

  /** Whether the same question may be answered later: nobody was there, or the hub was not itself. */
  get isPassing(): boolean {
    return this.status < 400 || this.status === 429 || this.status >= 500;
  }

  get isNotFound(): boolean {
    return this.status === 404;
  }
}

/** Reads a problem document; whatever else the answer may be, something sensible is said. */
export function problemOf(status: number, body: unknown): ApiProblem {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<ProblemBody>;
  const words = problem.detail ?? problem.title ?? `The hub answered with status ${status}.`;
  return new ApiProblem(status, words, Array.isArray(problem.errors) ? problem.errors : []);
}
