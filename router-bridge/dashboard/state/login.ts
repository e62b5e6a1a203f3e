/** Who the page is logged in as, and whether somebody has to log in before anything is shown. */
export type LoginState =
  /** Nobody has been asked for a name. */
  | { readonly kind: "unknown" }
  /** `offered`: the page is there without a login, and somebody wants to log in all the same. */
  | { readonly kind: "needed"; readonly words: string; readonly offered: boolean }
  | { readonly kind: "trying"; readonly offered: boolean }
  /** `known`: by an account. `open`: this router knows no accounts. */
  | {
      readonly kind: "in";
      readonly authid: string;
      readonly role: string;
      readonly as: "known" | "anonymous" | "open";
    };
