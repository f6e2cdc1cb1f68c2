import { Changed } from '@/components/changed';
import { render } from '@testing-library/react';
import { expect, test } from 'vitest';

test('a value that changed has a frame, and says so', () => {
  const { container } = render(<Changed on>14</Changed>);
  expect(container).toHaveTextContent('14 (changed)');
});

test.each([null, undefined, false, ''])('around %o there is no frame', (nothing) => {
  const { container } = render(<Changed on>{nothing}</Changed>);
  expect(container).toBeEmptyDOMElement();
});
