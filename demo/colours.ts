import pc from 'picocolors';

/** Turns text into coloured text, or leaves it as it is. */
export type Colours = ReturnType<typeof pc.createColors>;

/** Leaves every text as it is. */
export const plain: Colours = pc.createColors(false);

/**
 * The colours for what goes to one output: on a terminal, and nowhere else. NO_COLOR and FORCE_COLOR overrule that
 * (https://no-color.org, https://force-color.org); that something runs under CI does not make a pipe a terminal.
 */
export function coloursFor(
  out: { readonly isTTY?: boolean | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): Colours {
  const { NO_COLOR: no, FORCE_COLOR: force, TERM: terminal } = environment;
  if (no) return plain;
  return pc.createColors(force ? force !== '0' : out.isTTY === true && terminal !== 'dumb');
}
