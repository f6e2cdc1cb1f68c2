/** The logo, as in `favicon.svg`; inline, so that it needs no request while the connection is lost. */
export function BrandMark({ className }: { className: string | undefined }) {
  return (
    <svg className={className} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="6" fill="#ffcf2e" />
      <path
        d="M21.5 10.2A8 8 0 1 0 24 16h-7"
        fill="none"
        stroke="#15171a"
        strokeWidth="3.6"
        strokeLinecap="square"
      />
    </svg>
  );
}
