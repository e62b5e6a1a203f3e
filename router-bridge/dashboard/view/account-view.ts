/** Who the page is logged in as, and the button to log in or out; nothing at a router that knows no accounts. */
import type { LoginState } from "../state/login.ts";
import { element, setText, show } from "./element.ts";

export interface AccountActions {
  /** Asks for a name. */
  offer(): void;
  logOut(): void;
}

export class AccountView {
  readonly #who = element("span", { class: "who" });
  readonly #button = element("button", { type: "button", class: "theme account-button" });
  readonly node = element("div", { class: "account", hidden: true }, this.#who, this.#button);
  #known = false;

  constructor(actions: AccountActions) {
    this.#button.addEventListener("click", () => (this.#known ? actions.logOut() : actions.offer()));
  }

  paint(state: LoginState): void {
    const inside = state.kind === "in" && state.as !== "open" ? state : undefined;
    show(this.node, inside !== undefined);
    if (inside === undefined) return;
    this.#known = inside.as === "known";
    setText(this.#who, this.#known ? `${inside.authid} (${inside.role})` : "");
    setText(this.#button, this.#known ? "Log out" : "Log in");
  }
}
