import { Notice } from '@/components/notice';
import type { Cancel, Timers } from '@/lib/clock/timers';
import { Component, type ReactNode } from 'react';

type Props = { timers: Timers; children: ReactNode };

/**
 * A broken page reloads after this time and requests its board again. A screen in a hall has no user to do it,
 * and the flight that caused the error may have changed.
 */
const BEGIN_ANEW_MS = 30_000;

/** Replaces a page that cannot be rendered: shows what happened and what the user can do. */
export class PageBoundary extends Component<Props, { isBroken: boolean }> {
  override state = { isBroken: false };
  #again: Cancel | null = null;

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override componentDidCatch() {
    this.#again?.();
    this.#again = this.props.timers.after(BEGIN_ANEW_MS, () => this.setState({ isBroken: false }));
  }

  override componentWillUnmount() {
    this.#again?.();
  }

  override render() {
    return this.state.isBroken ? <BrokenPage /> : this.props.children;
  }
}

/** Uses as few components as possible, because any of them may be broken. */
function BrokenPage() {
  return (
    <main id="content" tabIndex={-1}>
      <title>This page has stopped · Gatecall</title>
      <div role="alert">
        <Notice
          level={1}
          title="This page has stopped"
          actions={
            <>
              <button type="button" onClick={() => location.reload()}>
                Reload the page
              </button>
              <a href="/">Choose an airport</a>
            </>
          }
        >
          <p>
            Something in it went wrong, so it shows no flights at the moment. It tries again by itself in half
            a minute. If that and reloading do not help, please look at the screens in the terminal.
          </p>
        </Notice>
      </div>
    </main>
  );
}
