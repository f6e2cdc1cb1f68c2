/** Our own line icons on a grid of 24; each decorates a text with the same meaning. */
const PATHS = {
  departures:
    'M3 20h18M4 13.5l2.2-.6 2.3 1.6 3.2-.9-4-6.6 2-.5 6.6 5.4 3.9-1c1-.3 2 .2 2.200 1.100.2.9-.4 1.700-1.300 1.900L6.600 17.400 4 13.500z',
  arrivals:
    'M3 20h18M4.600 6.300l2 .7.9 2.600 3.200 1-.1-7.700 2 .6 3.800 7.600 3.900 1.200c.9.3 1.500 1.200 1.200 2.100-.3.9-1.200 1.300-2.100 1L5.600 11.200 4.600 6.300z',
  search: 'M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500L21 21',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5.500l3.500 2',
  check: 'M4.500 12.500l5 5 10-11',
  walk: 'M13 5l6 7-6 7M4 12h14.500',
  hurry: 'M5 5l6 7-6 7M13 5l6 7-6 7',
  late: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5.500l3.500 2',
  stop: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.500 8.500l7 7M15.500 8.500l-7 7',
  shut: 'M5.500 11h13v9.500h-13zM8.500 11V7.500a3.500 3.500 0 0 1 7 0V11',
  done: 'M4.500 12.500l5 5 10-11',
  unsure:
    'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.500 9.500a2.500 2.500 0 1 1 3.600 2.300c-.8.4-1.100.9-1.100 1.700M12 16.800v.2',
  warning: 'M12 4L2.500 20h19L12 4zM12 10v4.500M12 17.200v.2',
  link: 'M4 13.500a11 11 0 0 1 16 0M7.500 16.700a6 6 0 0 1 9 0M12 20v.1M1.800 9.800a15 15 0 0 1 20.400 0',
  retry: 'M20 5v5h-5M4 19v-5h5M19.500 10A8 8 0 0 0 6 6.500L4 9M4.500 14A8 8 0 0 0 18 17.500l2-2.500',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2.500M12 19.500V22M2 12h2.500M19.500 12H22M5 5l1.700 1.700M17.300 17.300L19 19M5 19l1.700-1.700M17.300 6.700L19 5',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z',
  system: 'M3 5h18v11H3zM9 20h6M12 16v4',
  arrow: 'M4 12h15M13 6l6 6-6 6',
  back: 'M20 12H5M11 6l-6 6 6 6',
  pause: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.700 8.500v7M14.300 8.500v7',
  screen: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  close: 'M6 6l12 12M18 6L6 18',
} as const;

export type IconName = keyof typeof PATHS;

const FILLED: IconName[] = ['departures', 'arrivals'];

export function Icon({ name, size = '1em' }: { name: IconName; size?: string }) {
  const fill = FILLED.includes(name) ? 'currentColor' : 'none';
  return (
    <svg
      aria-hidden="true"
      focusable="false"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={fill}
      stroke="currentColor"
      strokeWidth={fill === 'none' ? 2.2 : 1.2}
      strokeLinecap="round"
      strokeLinejoin="round"
      style={{ flex: 'none' }}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
