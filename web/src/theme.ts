// Light and dark: what the system says, until the reader says otherwise. Nothing is stored.

const root = document.documentElement;

function dark(): boolean {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Makes the button switch between light and dark. */
export function themeButton(button: HTMLButtonElement): void {
  const say = () => { button.textContent = dark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Switch to ${dark() ? "light" : "dark"} colours`); };
  button.hidden = false;
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; say(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", say);
  say();
}

/** Colours of drivers by rank, told apart by colour-blind readers as well; the style sheet has both themes. */
export const COLOURS = Array.from({ length: 12 }, (_, i) => `var(--c${i})`);
