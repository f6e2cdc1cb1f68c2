import styles from '@/components/changed.module.css';
import type { ReactNode } from 'react';

/**
 * Marks a recently changed value with a frame and a corner, and announces it to screen readers. An empty value has
 * no frame, because it would look like a speck.
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
