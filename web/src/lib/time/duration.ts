/** 40 s, 12 min, 3 h 05 min: how old something is, in words as short as they can be. */
export function ageInWords(age_ms: number): string {
  const seconds = Math.max(0, Math.round(age_ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} days`;
}
