/** Asks a person for name and secret. Owns the fields; what was typed goes to `submit` and is not kept here. */
import type { LoginState } from "../state/login.ts";
import { element, say, setAttribute, setText, show, uniqueId } from "./element.ts";

export interface LoginActions {
  submit(authid: string, secret: string): void;
  /** Leaves the form, where the page is there without a login. */
  cancel(): void;
}

export class LoginForm {
  readonly node: HTMLElement;
  readonly #name: HTMLInputElement;
  readonly #secret: HTMLInputElement;
  readonly #submit: HTMLButtonElement;
  readonly #cancel: HTMLButtonElement;
  readonly #fault: HTMLElement;
  #shown: LoginState["kind"] = "unknown";

  constructor(actions: LoginActions) {
    const [title, name, secret, fault] = [uniqueId("login"), uniqueId("login"), uniqueId("login"), uniqueId("login")];
    const text = { autocapitalize: "none", spellcheck: "false", required: true };
    this.#name = element("input", { id: name, name: "authid", autocomplete: "username", maxlength: 256, ...text });
    this.#secret = element("input", {
      id: secret,
      name: "secret",
      type: "password",
      autocomplete: "current-password",
      "aria-describedby": fault,
      ...text,
    });
    this.#fault = element("p", { id: fault, class: "error", role: "alert", hidden: true });
    this.#submit = element("button", { type: "submit", class: "button primary" }, "Log in");
    this.#cancel = element("button", { type: "button", class: "button", hidden: true }, "Cancel");
    const form = element(
      "form",
      {},
      element("div", { class: "field" }, element("label", { for: name }, "Name"), this.#name),
      element("div", { class: "field" }, element("label", { for: secret }, "Password or ticket"), this.#secret),
      this.#fault,
      element("div", { class: "login-buttons" }, this.#submit, this.#cancel),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#submit.disabled) return;
      actions.submit(this.#name.value.trim(), this.#secret.value);
    });
    this.#cancel.addEventListener("click", () => actions.cancel());
    this.node = element(
      "section",
      { class: "login", hidden: true, "aria-labelledby": title },
      element("h2", { id: title }, "Log in"),
      element("p", {}, "This router shows its boards to those it knows."),
      form,
    );
  }

  paint(state: LoginState): void {
    const asked = state.kind === "needed" || state.kind === "trying";
    show(this.node, asked);
    const before = this.#shown;
    this.#shown = state.kind;
    if (!asked) {
      this.#secret.value = "";
      return;
    }
    const busy = state.kind === "trying";
    this.#submit.disabled = busy;
    setAttribute(this.#submit, "aria-busy", String(busy));
    setText(this.#submit, busy ? "Logging in…" : "Log in");
    show(this.#cancel, state.offered && !busy);
    const words = state.kind === "needed" ? state.words : "";
    say(this.#fault, words);
    setAttribute(this.#secret, "aria-invalid", String(words !== ""));
    if (state.kind !== "needed" || before === "needed") return;
    if (before === "trying") this.#secret.value = "";
    (before === "trying" ? this.#secret : this.#name).focus();
  }
}
