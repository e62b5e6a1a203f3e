/** Light, dark, or as the system has it. Owns the choice, in localStorage where that is allowed, and the button for it. */
import { element, setAttribute, setText } from "./element.ts";

const KEY = "pinion.theme";
const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const WORDS: Readonly<Record<Theme, string>> = { auto: "Auto", light: "Light", dark: "Dark" };

/** The button; `changed` runs whenever the colours on the page may have changed. */
export function themeButton(changed: () => void): HTMLButtonElement {
  let theme = stored();
  const word = element("span");
  const icon = element("span", { class: "theme-icon", "aria-hidden": "true" });
  const button = element("button", { type: "button", class: "theme" }, icon, word);
  const apply = (): void => {
    const root = document.documentElement;
    if (theme === "auto") root.removeAttribute("data-theme");
    else setAttribute(root, "data-theme", theme);
    setText(word, WORDS[theme]);
    setAttribute(button, "aria-label", `Colours: ${WORDS[theme].toLowerCase()}. Change`);
    changed();
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
    store(theme);
    apply();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  apply();
  return button;
}

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === value) ?? "auto";
  } catch {
    return "auto"; // storage is switched off
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
}
