import { Notice } from '@/components/notice';
import type { Cancel, Timers } from '@/lib/clock/timers';
import { Component, type ReactNode } from 'react';

type Props = { timers: Timers; children: ReactNode };

/**
 * After so long a broken page begins anew, with a board that the hub sends anew: a screen in the hall has nobody
 * to press anything, and what broke it may have been one flight that has changed since.
 */
const BEGIN_ANEW_MS = 30_000;

/** In the place of a page that cannot be drawn: what happened, in words, and what can be done. */
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

/** Made of as little as can be, as nobody knows what is broken. */
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
