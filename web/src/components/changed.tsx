import styles from '@/components/changed.module.css';
import type { ReactNode } from 'react';

/**
 * Marks a value that changed a moment ago by a frame and a corner, and says so to those who listen. Around
 * nothing there is no frame: it would be a speck.
 */
export function Changed({ on, children }: { on: boolean; children: ReactNode }) {
  if (!on || isNothing(children)) return <>{children}</>;
  return (
    <span className={styles['changed']} data-changed="true">
      {children}
      <span className="sr-only"> (changed)</span>
    </span>
  );
}

const isNothing = (children: ReactNode): boolean =>
  children === null || children === undefined || children === false || children === '';
